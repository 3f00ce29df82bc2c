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

/** An answer that is a page (photos that were not taken) takes the place of this one. */
function showPage(request) {
  const fresh = new DOMParser().parseFromString(request.responseText, "text/html");
  document.title = fresh.title;
  document.getElementById("main").replaceWith(fresh.getElementById("main"));
  document.getElementById("main").focus();
}

for (const form of document.querySelectorAll("form[data-upload]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.dataset.sent) return;
    form.dataset.sent = "1";
    sendWithProgress(form);
  });
}

for (const form of document.querySelectorAll("form[data-choose-all]")) {
  const all = form.querySelector("[data-all]");
  all?.addEventListener("change", () => {
    for (const box of form.querySelectorAll('input[name="ids"]')) box.checked = all.checked;
  });
}
