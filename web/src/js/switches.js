// Small switches: theme, print.
//
//   <button data-theme-toggle>    <button data-print>

import { remember } from "./storage.js";

const root = document.documentElement;
const systemDark = matchMedia("(prefers-color-scheme: dark)");

const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-theme-toggle]")) {
    root.dataset.theme = isDark() ? "light" : "dark";
    remember("khien.theme", root.dataset.theme);
  }
  if (event.target.closest("[data-print]")) print();
});
