// Two soft notes when new work arrives. Silent until the reader has allowed it with
//   <button class="tool" data-sound aria-pressed="false" aria-label="Âm báo việc mới">

import { recall, remember } from "./storage.js";

const KEY = "khien.sound";
const NOTES = [
  { hertz: 659, start: 0 },
  { hertz: 880, start: 0.16 },
];
const LENGTH = 0.35;
const LOUDNESS = 0.2;

const button = document.querySelector("[data-sound]");
let context = null;

const allowed = () => recall(KEY) === "on";

function play() {
  for (const { hertz, start } of NOTES) {
    const from = context.currentTime + start;
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.0001, from);
    volume.gain.exponentialRampToValueAtTime(LOUDNESS, from + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, from + LENGTH);
    tone.connect(volume).connect(context.destination);
    tone.start(from);
    tone.stop(from + LENGTH);
  }
}

/** Sounds once, if the reader allowed it and the browser does too. */
export function ring() {
  if (!button || !allowed()) return;
  context ??= new AudioContext();
  if (context.state === "running") play();
}

/** Browsers keep audio asleep until the page is touched once; any touch will do. */
function wake() {
  if (!allowed()) return;
  context ??= new AudioContext();
  context.resume();
}

function show() {
  button.setAttribute("aria-pressed", String(allowed()));
}

if (button) {
  show();
  button.addEventListener("click", async () => {
    remember(KEY, allowed() ? "off" : "on");
    show();
    if (!allowed()) return;
    context ??= new AudioContext();
    await context.resume();
    play();
  });
  document.addEventListener("pointerdown", wake, { once: true });
  document.addEventListener("keydown", wake, { once: true });
}
