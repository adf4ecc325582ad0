// The drawer as a page of its own: only the copy button needs a script here.
import { copyButtons } from "../site/live.js";

copyButtons(document, "");
