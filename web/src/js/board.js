// Live rows that never shift what is being read.
//
//   <section data-board="/board/rows">        address that answers the rows as <tr> only
//     <button class="newbar" data-newbar data-one="1 mục mới" data-many="{n} mục mới" hidden>
//     <tbody data-rows> <tr id="queue-…" data-row>…
//
// On a "queue" event the rows are asked for through the ordinary page route, so that
// what may be seen is decided in one place, and a lost event costs nothing. A row that
// is shown is replaced where it stands; one that is gone is struck through where it
// stands; new ones wait under the bar until the reader asks for them.

import htmx from "htmx.org";
import { tick } from "./clock.js";
import { ring } from "./sound.js";

const PAUSE_MS = 1_000;

const board = document.querySelector("[data-board]");
const bar = document.querySelector("[data-newbar]");
const title = document.title;

let latest = null;
let waiting = [];
let asking = false;
let askAgain = false;

const rowsOf = (body) => [...body.querySelectorAll(":scope > [data-row]")];
const shownBody = () => board.querySelector("[data-rows]");

/** Parses bare rows in an inert document: nothing in it loads or runs. */
function parseRows(html) {
  const page = new DOMParser().parseFromString(`<table><tbody>${html}</tbody></table>`, "text/html");
  return page.querySelector("tbody");
}

function update(shown, fresh) {
  if (!fresh) {
    shown.classList.add("row-gone");
    return;
  }
  const next = document.importNode(fresh, true);
  if (shown.isEqualNode(next)) return;
  const hadFocus = shown.contains(document.activeElement);
  shown.replaceWith(next);
  htmx.process(next);
  if (hadFocus) next.focus({ preventScroll: true });
}

function showWaiting() {
  const count = waiting.length;
  bar.hidden = count === 0;
  bar.textContent = count === 1 ? bar.dataset.one : bar.dataset.many.replace("{n}", count);
  document.title = count === 0 ? title : `(${count}) ${title}`;
}

function compare(body) {
  const known = new Map(rowsOf(shownBody()).map((row) => [row.id, row]));
  const fresh = new Map(rowsOf(body).map((row) => [row.id, row]));
  for (const [id, row] of known) update(row, fresh.get(id));
  const before = new Set(waiting);
  waiting = [...fresh.keys()].filter((id) => !known.has(id));
  latest = body;
  showWaiting();
  if (waiting.some((id) => !before.has(id))) ring();
  tick();
}

async function ask() {
  if (asking) {
    askAgain = true;
    return;
  }
  asking = true;
  try {
    const answer = await fetch(board.dataset.board, { headers: { "HX-Request": "true" } });
    if (answer.ok) compare(parseRows(await answer.text()));
  } catch {
    // The stale banner of stream.js tells the reader; the next event asks again.
  }
  setTimeout(() => {
    asking = false;
    if (askAgain) {
      askAgain = false;
      ask();
    }
  }, PAUSE_MS);
}

/** Puts the rows that wait into the table, all in the server's order, and goes to the first new one. */
export function takeIn() {
  if (!latest || waiting.length === 0) return;
  const body = shownBody();
  body.replaceChildren(...[...latest.children].map((row) => document.importNode(row, true)));
  htmx.process(body);
  const arrived = new Set(waiting);
  const fresh = rowsOf(body).filter((row) => arrived.has(row.id));
  for (const row of fresh) row.classList.add("row-new");
  waiting = [];
  showWaiting();
  tick();
  fresh[0]?.focus();
}

if (board && bar) {
  document.addEventListener("queue", ask);
  bar.addEventListener("click", takeIn);
}
