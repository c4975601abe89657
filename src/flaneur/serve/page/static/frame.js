// The frame of every page: the choice of the language.
import { fill, language, setLanguage, wanted } from "./texts.js";

const select = document.querySelector("#language");
select.hidden = false;
select.addEventListener("change", () => setLanguage(select.value));
if (wanted() === language()) fill(document);
else await setLanguage(wanted());
select.value = language();
