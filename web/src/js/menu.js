// The side menu on a narrow screen, and pop-up menus that close when left.
//
//   <button data-menu aria-controls="nav" aria-expanded="false">    <details class="menu">

const button = document.querySelector("[data-menu]");
const nav = button && document.getElementById(button.getAttribute("aria-controls"));

function setOpen(open) {
  nav.classList.toggle("is-open", open);
  button.setAttribute("aria-expanded", String(open));
}

if (nav) {
  button.addEventListener("click", () => setOpen(!nav.classList.contains("is-open")));
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest("details.menu[open]");
  closeMenus(null);
  menu?.querySelector("summary").focus();
  if (nav?.classList.contains("is-open")) {
    setOpen(false);
    button.focus();
  }
});
