// Loaded in <head> without defer, so that the chosen theme stands before the first
// paint. Also marks that scripts run: without the mark the menu simply stands open.
const root = document.documentElement;
root.classList.add("js");
try {
  const theme = localStorage.getItem("khien.theme");
  if (theme) root.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the system's own theme is then used.
}
