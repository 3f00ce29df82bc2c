/* Registration's pages on top of plain HTML; each works without it.
 * - a file on its way shows how far it is, then that it is being checked; a lost connection keeps what was chosen
 * - one box in the head of a list ticks the whole page
 */

const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

function sendWithProgress(form) {
  const state = form.querySelector("[data-state]");
  const bar = state.querySelector("progress");
  const words = state.querySelector("[data-words]");
  const request = new XMLHttpRequest();
  const stop = (text) => {
    words.textContent = text;
    bar.hidden = true;
    delete form.dataset.sent;
    form.querySelector("[aria-busy=true]")?.removeAttribute("aria-busy");
  };
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRF-Token", csrf());
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.value = Math.round((event.loaded / event.total) * 100);
    words.textContent = `${form.dataset.wordsSending} ${bar.value}%`;
  });
  request.upload.addEventListener("load", () => {
    bar.removeAttribute("value");
    words.textContent = form.dataset.wordsChecking;
  });
  request.addEventListener("error", () => stop(form.dataset.wordsFailed));
  request.addEventListener("load", () => {
    const type = request.getResponseHeader("Content-Type") ?? "";
    if (!type.includes("json")) { showPage(request); return; }
    const answer = JSON.parse(request.responseText);
    if (answer.location) { location.assign(answer.location); return; }
    const first = answer.problems?.[0];
    stop([answer.title, first?.message, first?.way_out, answer.detail].filter(Boolean).join(" "));
  });
  state.hidden = false;
  bar.hidden = false;
  words.textContent = form.dataset.wordsSending;
  request.send(new FormData(form));
}

/** An answer that is a page takes the place of this one. */
function showPage(request) {
  const fresh = new DOMParser().parseFromString(request.responseText, "text/html");
  document.title = fresh.title;
  document.getElementById("main").replaceWith(fresh.getElementById("main"));
  document.getElementById("main").focus();
}

/** Cut a list of files into parts that one request may carry. */
function parts(files, most = 40, bytes = 15_000_000) {
  const made = [];
  let size = Infinity;
  for (const file of files) {
    if (size + file.size > bytes || made.at(-1).length >= most) { made.push([]); size = 0; }
    made.at(-1).push(file);
    size += file.size;
  }
  return made;
}

/** Send many photos part by part; what was saved stays saved when a later part does not get through. */
async function sendMany(form) {
  const input = form.querySelector("input[type=file]");
  const state = form.querySelector("[data-state]");
  const bar = state.querySelector("progress");
  const words = state.querySelector("[data-words]");
  const files = [...input.files];
  const refused = [];
  let saved = 0;
  let sent = 0;
  state.hidden = false;
  bar.max = files.length;
  try {
    for (const part of parts(files)) {
      words.textContent = `${form.dataset.wordsSending} ${sent} / ${files.length}`;
      const body = new FormData();
      for (const file of part) body.append(input.name, file, file.name);
      const headers = { Accept: "application/json", "X-CSRF-Token": csrf() };
      const answer = await fetch(form.action, { method: "POST", body, headers, credentials: "same-origin" });
      const found = await answer.json();
      if (!answer.ok) throw new Error([found.title, found.problems?.[0]?.message].filter(Boolean).join(" "));
      saved += found.stored;
      refused.push(...found.problems);
      sent += part.length;
      bar.value = sent;
    }
    words.textContent = `${form.dataset.wordsSaved}${saved}`;
  } catch (error) {
    words.textContent = `${form.dataset.wordsSaved}${saved}。${form.dataset.wordsFailed} ${error.message}`;
  }
  tellPhotos(form, refused);
  delete form.dataset.sent;
  const button = form.querySelector("[aria-busy=true]");
  button?.removeAttribute("aria-busy");
}

function tellPhotos(form, refused) {
  const place = form.querySelector("[data-outcome]");
  const again = Object.assign(document.createElement("a"), { href: location.href, textContent: form.dataset.wordsAgain });
  place.replaceChildren();
  if (refused.length) {
    const list = document.createElement("ul");
    for (const one of refused) list.append(Object.assign(document.createElement("li"), { textContent: one }));
    place.append(Object.assign(document.createElement("p"), { textContent: `${form.dataset.wordsRefused}${refused.length}` }), list);
  }
  place.append(again);
}

for (const form of document.querySelectorAll("form[data-upload]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.dataset.sent) return;
    form.dataset.sent = "1";
    sendWithProgress(form);
  });
}

for (const form of document.querySelectorAll("form[data-upload-many]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.dataset.sent) return;
    form.dataset.sent = "1";
    sendMany(form);
  });
}

for (const form of document.querySelectorAll("form[data-choose-all]")) {
  const all = form.querySelector("[data-all]");
  all?.addEventListener("change", () => {
    for (const box of form.querySelectorAll('input[name="ids"]')) box.checked = all.checked;
  });
}
