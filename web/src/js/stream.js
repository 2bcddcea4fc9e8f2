// The live link: one event stream per page, on the element with data-stream.
//
//   <div data-stream hx-sse:connect="/stream" hx-trigger="load, khien:retry"
//        hx-swap="none" hx-config="sse.pauseOnBackground:false"></div>
//
// The server sends named events, which hx-sse turns into DOM events here:
//   beat   data = server time in µs; at least every 20 s
//   queue  something in the reader's queue changed (board.js asks for the rows)
//   inbox  data = number of unread messages
// It must answer 401, never a log-in page, when the session has ended. The page is then
// left as it is, since something may be half typed on it; the banner says what to do:
//
//   <div data-stale hidden> <span data-stale-lost>…</span> <span data-stale-ended hidden>…</span>
//
// hx-sse reconnects a link that once stood, but gives up when the very first request
// fails; that case is retried here. pauseOnBackground is off because the duty officer
// works in another window and must still hear the sound.

import { setServerTime } from "./clock.js";
import { ring } from "./sound.js";

const SILENT_AFTER_MS = 45_000;
const RETRY_MS = 10_000;
const CHECK_MS = 5_000;

const stream = document.querySelector("[data-stream]");
const banner = document.querySelector("[data-stale]");
let lastSign = Date.now();
let link = null;

function alive() {
  lastSign = Date.now();
  if (banner) banner.hidden = true;
}

function warn(sessionEnded) {
  if (!banner) return;
  banner.hidden = false;
  banner.querySelector("[data-stale-lost]").hidden = sessionEnded;
  banner.querySelector("[data-stale-ended]").hidden = !sessionEnded;
}

function watch() {
  if (banner?.hidden && Date.now() - lastSign > SILENT_AFTER_MS) warn(false);
}

function showUnread(count) {
  for (const badge of document.querySelectorAll("[data-unread]")) {
    const before = Number(badge.dataset.unread);
    badge.dataset.unread = count;
    badge.textContent = count > 99 ? "99+" : String(count);
    badge.hidden = count === 0;
    if (count > before) ring();
  }
}

/** The first request failed: hx-sse has no connection to restore, so ask it to begin again. */
function retryFirst(event) {
  warn(event.detail.ctx?.response?.status === 401);
  setTimeout(() => stream.dispatchEvent(new CustomEvent("khien:retry")), RETRY_MS);
}

if (stream) {
  stream.addEventListener("beat", (event) => {
    alive();
    setServerTime(Number(event.detail.data));
  });
  stream.addEventListener("inbox", (event) => showUnread(Number(event.detail.data) || 0));
  stream.addEventListener("htmx:sse:after:connection", (event) => {
    link = event.detail.connection;
    alive();
    // Whatever happened while the link was down is fetched now.
    stream.dispatchEvent(new CustomEvent("queue", { bubbles: true }));
  });
  stream.addEventListener("htmx:sse:after:message", alive);
  stream.addEventListener("htmx:sse:error", (event) => warn(event.detail.status === 401));
  stream.addEventListener("htmx:error", retryFirst);
  stream.addEventListener("htmx:response:error", retryFirst);
  setInterval(watch, CHECK_MS);
  // The browser keeps a page that was left, for the way back, and its stream with it: after six
  // of them every connection to this host is taken and the next page waits a minute. On the way
  // back hx-sse connects anew.
  addEventListener("pagehide", () => link?.reader?.cancel());
}
