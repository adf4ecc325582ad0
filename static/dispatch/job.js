// Pages of which only the copy button needs a script: the drawer as its own, a new calendar link.
import { copyButtons } from "../site/live.js";

copyButtons(document, "");
