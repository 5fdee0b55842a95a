// Counts that keep themselves fresh, and the eye led to what is wrong. All of it works by reload, too.
const numbers = document.getElementById("numbers");
const EVERY = 10000;

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(numbers.dataset.from, { headers: { accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const fresh = await answer.text();
    if (fresh.trim() !== numbers.innerHTML.trim()) numbers.innerHTML = fresh;
  } catch { /* the next try follows by itself */ }
}

if (numbers) {
  setInterval(refresh, EVERY);
  document.addEventListener("visibilitychange", refresh);
}
document.getElementById("faults")?.focus?.();
