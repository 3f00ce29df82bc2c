/* The form of who registers in person, on top of plain HTML; it works without.
 * - a photo fresh from a phone is larger than the server takes: it is made smaller here
 * - the form is sent without leaving the page, so that after an error the chosen photo is still chosen
 */

const LARGEST = 1_900_000;
const HEIGHT = 1600;

/** The same picture, upright and small enough; what cannot be read goes as it is and is refused with words. */
async function smaller(file) {
  if (file.size <= LARGEST) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, HEIGHT / picture.height);
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
    return blob ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
  } catch {
    return file;
  }
}

/** The answer's page in place of this one; the file that was chosen stays chosen. */
function show(text, chosen) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  document.title = fresh.title;
  document.getElementById("main").replaceWith(fresh.getElementById("main"));
  const input = document.querySelector("form[data-entry] input[type=file]");
  if (input && chosen.length) {
    const kept = new DataTransfer();
    for (const file of chosen) kept.items.add(file);
    input.files = kept.files;
    input.closest("[data-drop]").querySelector("[data-chosen]").textContent = chosen.map((file) => file.name).join("、");
  }
  watch();
  (document.querySelector("[data-focus]") ?? document.getElementById("main")).focus();
}

function release(form, label) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-busy=true]")) {
    button.removeAttribute("aria-busy");
    button.textContent = label;
  }
}

async function deliver(form, button) {
  const label = button?.textContent;
  button?.setAttribute("aria-busy", "true");
  if (button?.dataset.busy) button.textContent = button.dataset.busy;
  const body = new FormData(form);
  const chosen = [...form.querySelector("input[type=file]").files];
  if (chosen.length) body.set("photo", await smaller(chosen[0]));
  try {
    const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
    if (answer.redirected) { location.assign(answer.url); return; }
    show(await answer.text(), chosen);
  } catch {
    const failed = form.querySelector("[data-failed]");
    failed.textContent = form.dataset.wordsFailed;
    failed.hidden = false;
    release(form, label);
  }
}

function watch() {
  for (const form of document.querySelectorAll("form[data-entry]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (form.dataset.sent) return;
      form.dataset.sent = "1";
      deliver(form, event.submitter ?? form.querySelector("button[type=submit]"));
    });
    const kind = form.querySelector("#id_type");
    const more = form.querySelector("[data-without-number]");
    kind?.addEventListener("change", () => { if (more) more.open = kind.value !== "resident"; });
  }
}

watch();
