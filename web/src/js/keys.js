// The board by keyboard: j k move, Enter open, a take, n take in new rows, / search, ? help.
//
//   <tr id="…" data-row tabindex="-1"> … <a data-open href> … <button data-take>
//   <input data-search>    <dialog id="keys">

import { takeIn } from "./board.js";

const help = document.querySelector("dialog#keys");

const rows = () => [...document.querySelectorAll("[data-row]")];
const current = () => document.activeElement?.closest("[data-row]");

function move(step) {
  const all = rows();
  if (all.length === 0) return;
  const at = all.indexOf(current());
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1);
  all[next].focus();
  all[next].scrollIntoView({ block: "nearest" });
}

const press = (selector) => current()?.querySelector(selector)?.click();

const deeds = {
  j: () => move(1),
  k: () => move(-1),
  a: () => press("[data-take]"),
  n: takeIn,
  "/": () => document.querySelector("[data-search]")?.focus(),
  "?": () => help?.showModal(),
};

/** Letters typed into a field are text, and keys with Ctrl or Alt belong to the browser. */
function isOurs(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return false;
  return !event.target.closest("input, select, textarea, dialog, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (!isOurs(event)) return;
  // Enter on a link or button inside the row keeps its own meaning.
  const opens = event.key === "Enter" && event.target.matches("[data-row]");
  const deed = opens ? () => press("[data-open]") : deeds[event.key];
  if (!deed) return;
  event.preventDefault();
  deed();
});

for (const button of document.querySelectorAll("[data-keys]")) {
  button.addEventListener("click", () => help?.showModal());
}
