// The script of the console. Every page works without it; it adds what a page alone
// cannot do: live rows, running clocks, keys, drafts. It runs under a content policy
// without inline code or eval, so nothing here may use hx-on, js: values or trigger
// filters. All words shown come from data- attributes, because language is the server's.

import "htmx.org";
import "htmx.org/dist/ext/hx-sse.js";
import "./js/board.js";
import "./js/clock.js";
import "./js/draft.js";
import "./js/form.js";
import "./js/keys.js";
import "./js/menu.js";
import "./js/photo.js";
import "./js/pick.js";
import "./js/sound.js";
import "./js/stream.js";
import "./js/switches.js";
