// The frame of every page: the choice of the language.
import { chooseLanguage, language, showIn, wanted } from "./texts.js";

const select = document.querySelector("#language");
select.hidden = false;
select.addEventListener("change", () => chooseLanguage(select.value));
if (wanted() !== language()) await showIn(wanted()); // where no server has seen to it already
select.value = language();
