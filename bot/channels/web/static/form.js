// What the checks say while somebody writes: beside the fields they have touched, and all that is missing. Without this
// file the same is said when the form is sent.
const form = document.querySelector("form[data-check]");
const REST = 600;
const touched = new Set();
let timer = null;
let asked = null;

function put(box, html) {
  if (box && box.innerHTML.trim() !== html.trim()) box.innerHTML = html;
}

function mark(name, html) {
  const box = document.getElementById(`${name}-fault`);
  if (!box) return;
  put(box, html);
  const wrong = Boolean(box.querySelector(".fault"));
  box.closest(".field").classList.toggle("wrong", wrong);
  const control = document.getElementById(name);
  if (!control?.matches("input, textarea, select")) return;
  control.toggleAttribute("aria-invalid", wrong);
  if (wrong) control.setAttribute("aria-invalid", "true");
  const others = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((one) => one && one !== box.id);
  const told = html ? [...others, box.id] : others;
  if (told.length) control.setAttribute("aria-describedby", told.join(" "));
  else control.removeAttribute("aria-describedby");
}

async function check() {
  clearTimeout(timer);
  asked?.abort();
  asked = new AbortController();
  try {
    const body = new URLSearchParams(new FormData(form));
    const headers = { accept: "application/json" };
    const answer = await fetch(form.dataset.check, { method: "POST", body, headers, signal: asked.signal });
    if (!answer.ok || !(answer.headers.get("content-type") ?? "").includes("json")) return;
    const found = await answer.json();
    for (const name of touched) mark(name, found.fields[name] ?? "");
    const count = document.getElementById("standing-count");
    if (count.textContent.trim() !== found.count) count.textContent = found.count;
    put(document.getElementById("standing-lacks"), found.lacks);
  } catch { /* the next key or the button tries again */ }
}

function writes(event, wait) {
  if (!event.target.name) return;
  touched.add(event.target.name);
  clearTimeout(timer);
  timer = setTimeout(check, wait);
}

if (form) {
  form.querySelectorAll(".told").forEach((box) => box.setAttribute("aria-live", "polite"));
  form.addEventListener("input", (event) => writes(event, REST));
  form.addEventListener("change", (event) => writes(event, 0));
}
