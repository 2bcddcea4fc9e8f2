// Clocks that count down to a due time, by the server's time: the PCs' own clocks are wrong.
//
//   <body data-now="1732…µs" data-left="còn {t}" data-late="quá {t}"
//         data-days="{n} ngày" data-hours="{n} giờ" data-minutes="{n} phút">
//   <time class="clock" data-due="1732…µs" data-soon="µs before due">còn 1 giờ 5 phút</time>

const TICK_MS = 15_000;
const SOON_US = 3_600_000_000;
const MINUTE_US = 60_000_000;

const words = document.body.dataset;
let ahead_us = words.now ? Number(words.now) - Date.now() * 1000 : 0;

/** Sets the clock by the server; called for each beat of the stream. */
export function setServerTime(now_us) {
  if (now_us > 0) ahead_us = now_us - Date.now() * 1000;
}

const say = (template, value) => template.replace(/\{[nt]\}/, value);

/** Returns a span as its two largest parts: "2 ngày 3 giờ", "1 giờ 5 phút", "12 phút". */
function span(length_us) {
  const minutes = Math.floor(length_us / MINUTE_US);
  const parts = [
    [Math.floor(minutes / 1440), words.days],
    [Math.floor(minutes / 60) % 24, words.hours],
    [minutes % 60, words.minutes],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return say(words.minutes, 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, word]) => say(word, count))
    .join(" ");
}

function show(clock, now_us) {
  const left_us = Number(clock.dataset.due) - now_us;
  const soon_us = Number(clock.dataset.soon) || SOON_US;
  const text = left_us < 0 ? say(words.late, span(-left_us)) : say(words.left, span(left_us));
  if (clock.textContent !== text) clock.textContent = text;
  clock.classList.toggle("clock-late", left_us < 0);
  clock.classList.toggle("clock-soon", left_us >= 0 && left_us <= soon_us);
}

/** Shows every clock on the page anew. */
export function tick() {
  if (!words.left || !words.late || !words.days || !words.hours || !words.minutes) return;
  const now_us = Date.now() * 1000 + ahead_us;
  for (const clock of document.querySelectorAll("[data-due]")) show(clock, now_us);
}

tick();
setInterval(tick, TICK_MS);
