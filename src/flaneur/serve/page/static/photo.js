// Photos in; which city, in words, bars and on a map, out.
import { texts } from "./texts.js";

await texts("photo");
