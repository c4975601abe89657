// A page that was opened from the disk in; what to do instead, out. No module, as browsers load none from there.
if (location.protocol === "file:") {
  const notice = document.querySelector("#disk");
  const own = notice.querySelector(`[lang="${navigator.language.slice(0, 2)}"]`) ?? notice.firstElementChild;
  notice.hidden = own.hidden = false;
  for (const dead of document.querySelectorAll("#start, #where")) dead.remove();
}
