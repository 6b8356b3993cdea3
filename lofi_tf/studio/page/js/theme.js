// Before anything is drawn: light or dark, as chosen here before or as the system says.
(() => {
  const media = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let chosen = null;
    try {
      chosen = localStorage.getItem("lofi-theme");
    } catch {
      // a browser that keeps nothing: the system's choice
    }
    document.documentElement.dataset.theme = chosen ?? (media.matches ? "dark" : "light");
  };
  apply();
  media.addEventListener("change", apply);
})();
