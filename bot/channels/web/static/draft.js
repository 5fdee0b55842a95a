// A draft keeps itself: a moment after the last key, and when somebody leaves the page. Without this file the button does.
const form = document.querySelector("form[data-draft]");
const REST = 1500;
let timer = null;
let kept = "";
let busy = null;

function body() {
  const fields = new URLSearchParams(new FormData(form));
  fields.set("act", "keep");
  return fields;
}

function written() {
  const fields = body();
  fields.delete("seen");
  return fields.toString();
}

async function keep(leaving = false) {
  clearTimeout(timer);
  if (busy && !leaving) await busy;
  const now = written();
  if (now === kept) return;
  const headers = { accept: "application/json" };
  busy = fetch(form.action, { method: "POST", body: body(), headers, keepalive: leaving }).then(async (answer) => {
    if (!(answer.headers.get("content-type") ?? "").includes("json")) return;
    const said = await answer.json();
    document.getElementById("kept").textContent = said.said ?? said.fault;
    if (!answer.ok) return;
    kept = now;
    form.elements.seen.value = said.seen;
  }).catch(() => { /* the next key or the button tries again */ });
  await busy;
}

if (form) {
  kept = written();
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(keep, REST); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) keep(true); });
  form.addEventListener("submit", () => { clearTimeout(timer); kept = written(); });
}
