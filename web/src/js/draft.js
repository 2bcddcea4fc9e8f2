// Keeps what was typed into a form until it is sent, so that a dead battery loses nothing.
//
//   <form data-draft="report:PERSON-ID">        the key names form and person
//     <p data-draft-note hidden>Đã khôi phục bản nháp. <button type="button" data-draft-clear>
//   <div data-draft-sent="report:PERSON-ID">    on the page after sending: forgets the draft
//   <form data-logout>                          logging out forgets every draft on this device
//
// Files, passwords and hidden fields are never kept; a draft older than a day is dropped.

import { forget, recall, recallKeys, remember } from "./storage.js";

const PREFIX = "khien.draft.";
const KEPT_MS = 24 * 3_600_000;
const PAUSE_MS = 400;
const SKIPPED = new Set(["file", "password", "hidden", "submit", "button"]);

const fieldsOf = (form) => [...form.elements].filter((field) => field.name && !SKIPPED.has(field.type));
const isTick = (field) => field.type === "checkbox" || field.type === "radio";

function keep(form) {
  const values = fieldsOf(form)
    .filter((field) => !isTick(field) || field.checked)
    .map((field) => [field.name, field.value]);
  remember(PREFIX + form.dataset.draft, JSON.stringify({ at: Date.now(), values }));
}

function read(key) {
  const text = recall(key);
  if (!text) return null;
  try {
    const draft = JSON.parse(text);
    if (Date.now() - draft.at < KEPT_MS && Array.isArray(draft.values)) return draft.values;
  } catch {
    // Not ours, or written by an older release.
  }
  forget(key);
  return null;
}

function restore(form, values) {
  const kept = new Set(values.map(([name, value]) => `${name}=${value}`));
  const texts = new Map(values);
  for (const field of fieldsOf(form)) {
    if (isTick(field)) field.checked = kept.has(`${field.name}=${field.value}`);
    else if (texts.has(field.name)) field.value = texts.get(field.name);
  }
}

function tend(form) {
  const key = PREFIX + form.dataset.draft;
  const note = form.querySelector("[data-draft-note]");
  const values = read(key);
  // A form that comes back with faults already holds what was typed, and newer.
  if (values && !form.querySelector(".field-wrong")) {
    restore(form, values);
    if (note) note.hidden = false;
  }
  let timer = 0;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(keep, PAUSE_MS, form);
  });
  form.querySelector("[data-draft-clear]")?.addEventListener("click", () => {
    clearTimeout(timer);
    forget(key);
    form.reset();
    if (note) note.hidden = true;
  });
}

for (const sent of document.querySelectorAll("[data-draft-sent]")) forget(PREFIX + sent.dataset.draftSent);
for (const form of document.querySelectorAll("form[data-draft]")) tend(form);
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-logout]")) recallKeys(PREFIX).forEach(forget);
});
