// Local search in a list of choices; "dak lak" finds "Đắk Lắk".
//
//   <div class="pick"> <input data-pick> <div class="pick-list">
//     <label class="pick-row"><input type="radio" …> …</label>  <p class="pick-none" hidden>…</p>

/** Returns the text as it is searched: no diacritics, đ as d, small letters. */
function fold(text) {
  return text
    .normalize("NFD")
    .replace(/\p{Mn}/gu, "")
    .replace(/[đĐ]/g, "d")
    .toLowerCase();
}

function filter(input) {
  const list = input.closest(".pick");
  const words = fold(input.value).split(/\s+/).filter(Boolean);
  let found = 0;
  for (const row of list.querySelectorAll(".pick-row")) {
    const text = fold(row.textContent);
    const isChosen = row.querySelector("input").checked;
    // What is chosen stays in sight, so that nobody sends another choice than they see.
    row.hidden = !isChosen && !words.every((word) => text.includes(word));
    if (!row.hidden) found += 1;
  }
  const none = list.querySelector(".pick-none");
  if (none) none.hidden = found > 0;
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-pick]")) filter(event.target);
});

// Enter in the search field would send the whole form.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches?.("[data-pick]")) event.preventDefault();
});
