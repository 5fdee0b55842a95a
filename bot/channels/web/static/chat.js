// The chat page without reloads. Every form works without this file; here they travel by fetch, and new lines stream in.
const log = document.getElementById("log");
const status = document.getElementById("status");
const text = document.getElementById("text");
let last = Number(log.dataset.last);
let stream = null;

function tell(message, problem = false) {
  status.textContent = message;
  status.toggleAttribute("data-problem", problem);
}

// ------------------------------------------------------------------ lines in

function add(html) {
  const box = document.createElement("template");
  box.innerHTML = html;
  for (const line of [...box.content.querySelectorAll(".line")]) place(line);
}

function place(line) {
  const id = Number(line.dataset.id);
  if (document.getElementById(line.id)) return;
  const focused = document.activeElement;
  const lost = focused && log.contains(focused);
  const over = line.classList.contains("mine") ? ".choices:not([data-gathers])" : ".choices[data-gathers]";
  log.querySelectorAll(over).forEach((form) => form.remove());
  last = Math.max(last, id);
  line.classList.add("fresh");
  const next = [...log.children].find((other) => Number(other.dataset.id) > id);
  log.insertBefore(line, next ?? null);
  prepare(line);
  if (!status.hasAttribute("data-problem")) tell("");
  if (lost) line.focus({ preventScroll: true });
  const tall = line.offsetHeight > window.innerHeight / 2;
  const asked = tall && line.querySelector(".choices") && line.querySelector(".said > p:last-of-type");
  (asked || line).scrollIntoView({ block: tall ? "start" : "nearest" });
}

function listen() {
  if (stream || !log.children.length) return;
  stream = new EventSource(`${log.dataset.stream}?after=${last}`);
  stream.onmessage = (event) => add(event.data);
}

// ------------------------------------------------------------------ forms out

async function send(form, body) {
  if (form.dataset.busy) return;
  form.dataset.busy = "true";
  tell(log.dataset.sending);
  const words = form.id === "composer" ? text.value : "";
  let sent = false;
  if (words) { text.value = ""; grow(); }
  try {
    body.set("last", last);
    if (stream?.readyState === EventSource.OPEN) body.set("streaming", "yes");
    const answer = await fetch(form.action, { method: "POST", headers: { accept: "application/json" }, body });
    if (answer.redirected || answer.status === 204) return location.reload();
    const type = answer.headers.get("content-type") ?? "";
    if (!type.includes("json")) throw new Error(String(answer.status));
    const news = await answer.json();
    if (news.problem) return tell(news.problem, true);
    sent = true;
    if (news.reload) return location.reload();
    document.querySelectorAll("form:not(.choices) [name=nonce]").forEach((field) => { field.value = news.nonce; });
    tell("");
    add(news.html);
    listen();
  } catch {
    tell(log.dataset.failed, true);
  } finally {
    delete form.dataset.busy;
    if (words && !sent) { text.value = [words, text.value].filter(Boolean).join("\n"); grow(); }
    if (form.dataset.waits) { delete form.dataset.waits; if (sent) form.requestSubmit(); }
  }
}

function catchSubmit(event) {
  const form = event.target.closest("form[data-say]");
  if (!form || form.hasAttribute("data-start")) return;
  event.preventDefault();
  if (form.id === "composer" && !text.value.trim()) return text.focus();
  if (form.id === "composer" && form.dataset.busy) { form.dataset.waits = "true"; return; }
  const body = new FormData(form, event.submitter ?? undefined);
  const details = form.closest("details");
  if (details) details.open = false;
  send(form, form.enctype === "multipart/form-data" ? body : new URLSearchParams(body));
}

// ------------------------------------------------------------------ small comforts

function prepare(root) {
  if (!("geolocation" in navigator)) return;
  root.querySelectorAll(".place").forEach((box) => { box.hidden = false; });
}

function position(button) {
  const form = button.closest("form");
  tell(log.dataset.sending);
  navigator.geolocation.getCurrentPosition(({ coords }) => {
    const body = new URLSearchParams(new FormData(form));
    body.set("latitude", coords.latitude);
    body.set("longitude", coords.longitude);
    send(form, body);
  }, () => { tell(log.dataset.placeFailed, true); text.focus(); }, { timeout: 20000, maximumAge: 60000 });
}

function grow() {
  if (CSS.supports("field-sizing", "content")) return;
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 4}px`;
}

document.addEventListener("submit", catchSubmit);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-place]");
  if (button) position(button);
});
text?.addEventListener("input", grow);
text?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  text.form.requestSubmit();
});
window.addEventListener("pagehide", () => { stream?.close(); stream = null; });
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); else listen(); });
prepare(document);
log.lastElementChild?.scrollIntoView({ block: "end" });
