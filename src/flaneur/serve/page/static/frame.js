// The frame of every page: the choice of the language, and where photos go.
import { chooseLanguage, fill, language, showIn, wanted } from "./texts.js";

const HERE = /^(localhost|127(\.\d+){3}|\[::1\])$/;

const select = document.querySelector("#language");
select.value = language();
select.hidden = false;
select.addEventListener("change", () => chooseLanguage(select.value));
if (location.protocol !== "file:" && !HERE.test(location.hostname)) {
  const elsewhere = document.querySelectorAll("[data-there]"); // what is true of this computer only, said otherwise
  for (const element of elsewhere) element.dataset.text = element.dataset.there;
  await fill(document);
}
if (wanted() !== language()) await showIn(wanted()); // where no server has seen to it already
select.value = language();
