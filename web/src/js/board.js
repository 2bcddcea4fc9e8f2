// Live rows that never shift what is being read.
//
//   <section data-board="/board/rows">        address that answers the rows as <tr> only
//     <button class="newbar" data-newbar data-one="1 mục mới" data-many="{n} mục mới" hidden>
//     <tbody data-rows> <tr id="queue-…" data-row>…
//   <div id="…" data-again>                   what is read anew when rows are taken in
//
// On a "queue" event the rows are asked for through the ordinary page route, so that
// what may be seen is decided in one place, and a lost event costs nothing. A row that
// is shown is replaced where it stands; one that is gone is struck through where it
// stands; new ones wait under the bar until the reader asks for them. Where no row
// stands nothing can shift, and new ones are taken in at once. Taking in reads the page
// again, so that counts, map and bars tell of the same rows as the list.

import htmx from "htmx.org";
import { tick } from "./clock.js";
import { ring } from "./sound.js";

/** A request that hangs, after sleep or a change of network, must not hold up those behind it. */
const READ_MS = 10_000;
const PAUSE_MS = 1_000;

const board = document.querySelector("[data-board]");
const bar = document.querySelector("[data-newbar]");
const title = document.title;

let waiting = [];
let asking = false;
let askAgain = false;
let turn = Promise.resolve();

const rowsOf = (body) => [...body.querySelectorAll(":scope > [data-row]")];
const shownBody = () => board.querySelector("[data-rows]");

/** Parses an answer into an inert document: nothing in it loads or runs. */
const parse = (html) => new DOMParser().parseFromString(html, "text/html");
const parseRows = (html) => parse(`<table><tbody>${html}</tbody></table>`).querySelector("tbody");

/** Returns the text behind an address of this page; nothing when there is none. */
async function read(address) {
  try {
    const signal = AbortSignal.timeout(READ_MS);
    const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal });
    // A session that has ended leads to the log-in page; what stands here is kept.
    return answer.ok && !answer.redirected ? await answer.text() : null;
  } catch {
    // The stale banner of stream.js tells the reader; the next event asks again.
    return null;
  }
}

/** One reading after the other, so that no answer is older than what it is compared with. */
function inTurn(deed) {
  turn = turn.then(deed).catch(console.error);
  return turn;
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
  if (waiting.some((id) => !before.has(id))) ring();
  tick();
}

async function look() {
  const rows = await read(board.dataset.board);
  if (rows === null) return;
  compare(parseRows(rows));
  if (!shownBody().querySelector("[data-row]")) await readAgain();
  showWaiting();
}

async function ask() {
  if (asking) {
    askAgain = true;
    return;
  }
  asking = true;
  await inTurn(look);
  setTimeout(() => {
    asking = false;
    if (askAgain) {
      askAgain = false;
      ask();
    }
  }, PAUSE_MS);
}

/** Makes the board what a fresh page shows; returns the rows that were not there before. */
async function readAgain() {
  if (waiting.length === 0) return [];
  const html = await read(location.href);
  if (html === null) return [];
  const page = parse(html);
  const known = new Set(rowsOf(shownBody()).map((row) => row.id));
  for (const part of document.querySelectorAll("[data-again]")) {
    const answer = page.getElementById(part.id);
    if (!answer) continue;
    const next = document.importNode(answer, true);
    const link = part.contains(document.activeElement) && document.activeElement.getAttribute("href");
    part.replaceWith(next);
    htmx.process(next);
    if (link) next.querySelector(`[href="${CSS.escape(link)}"]`)?.focus();
  }
  const fresh = rowsOf(shownBody()).filter((row) => !known.has(row.id));
  for (const row of fresh) row.classList.add("row-new");
  waiting = [];
  showWaiting();
  tick();
  return fresh;
}

/** Takes the rows that wait into the list and goes to the first of them. */
export async function takeIn() {
  if (!board || !bar) return;
  await inTurn(async () => (await readAgain())[0]?.focus());
}

if (board && bar) {
  document.addEventListener("queue", ask);
  bar.addEventListener("click", takeIn);
}
