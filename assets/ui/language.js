// The surface in the reader's language. English stands in the pages; where somebody reads Chinese, the words are replaced
// from the catalogue after React has taken over the page, and again whenever it writes new ones.
(() => {
  "use strict";

  const SOURCE = "en";
  const CATALOGUES = { "zh-CN": "/locales/zh-CN.json" };
  const ATTRIBUTES = ["title", "placeholder", "aria-label", "alt", "data-label"];
  const KEPT = "code, pre, textarea, .chip, .mono, script, style, [translate=no]";
  const page = document.documentElement;

  const remembered = () => {
    try {
      return localStorage.getItem("language");
    } catch {
      return null;
    }
  };
  const preferred = () => (navigator.languages || []).some((tag) => /^zh\b/i.test(tag)) && !/^en/i.test(navigator.language);
  const language = remembered() || (preferred() ? "zh-CN" : SOURCE);

  const choose = (tag) => {
    try {
      localStorage.setItem("language", tag);
    } catch {
      // A browser without storage still keeps the cookie.
    }
    document.cookie = `language=${tag}; Path=/; Max-Age=31536000; SameSite=Lax`;
    location.reload();
  };

  document.addEventListener("click", (event) => {
    const item = event.target.closest?.("[data-language]");
    if (item) choose(item.dataset.language);
  });

  document.addEventListener("toggle", () => {
    for (const item of document.querySelectorAll("[data-language]")) {
      item.setAttribute("aria-checked", String(item.dataset.language === language));
    }
  }, true);

  // Operations work in English: their words are not in the catalogue.
  const spoken = () => language !== SOURCE && !location.pathname.startsWith("/ops");
  if (language === SOURCE || !CATALOGUES[language]) return;

  const exact = new Map();
  const patterns = [];
  const known = new Map();
  const missing = new Set();
  window.turnpikeMissing = missing;

  // A sentence with gaps: {} takes a number, a date or another word of the catalogue, {*} takes anything.
  const load = (words) => {
    const escape = (part) => part.replace(/[.*+?^$()|[\]\\{}]/g, "\\$&");
    // The sentence that says most is tried first: "{} registered, {} this month" before "{} this month".
    const told = (text) => text.replace(/\{\*?\}/g, "").length;
    for (const [text, said] of Object.entries(words).sort(([one], [other]) => told(other) - told(one))) {
      const parts = text.split(/(\{\*?\})/);
      if (parts.length === 1) exact.set(text, said);
      else {
        const source = parts.map((part) => ({ "{}": "(.+?)", "{*}": "(.+?)" })[part] || escape(part)).join("");
        patterns.push({ test: new RegExp(`^${source}$`), free: parts.map((part) => part === "{*}").filter((_, at) => at % 2), said });
      }
    }
  };

  // Dates of the page's own, such as those of charts, come in English: 29 Oct, October 2026, 29 Oct 2026.
  const MONTHS = "January February March April May June July August September October November December".split(" ");
  const named = MONTHS.map((month) => `${month}|${month.slice(0, 3)}`).join("|");
  const DATE = new RegExp(`(?<![\\w.])(?:(\\d{1,2}) )?(${named})(?: (\\d{4}))?(?!\\w)`, "g");
  const dated = (text) =>
    text.replace(DATE, (whole, day, month, year) => {
      const number = 1 + MONTHS.findIndex((one) => one.startsWith(month));
      return day || year ? `${year ? `${year}年` : ""}${number}月${day ? `${day}日` : ""}` : whole;
    });

  const look = (given) => {
    if (exact.has(given)) return exact.get(given);
    const text = dated(given);
    if (text !== given && !/[a-z]/.test(text)) return text;
    for (const { test, free, said } of patterns) {
      const gaps = test.exec(text)?.slice(1);
      if (!gaps || !gaps.every((gap, at) => free[at] || /\d/.test(gap) || exact.has(gap))) continue;
      let at = 0;
      return said.replace(/\{\*?\}/g, () => {
        const gap = gaps[at++];
        return exact.get(gap) ?? gap;
      });
    }
    if (/[a-z]{3}/i.test(text)) missing.add(text);
    return text === given ? null : text;
  };

  const say = (text) => {
    const bare = text.trim();
    if (!bare || !/[a-z]/i.test(bare)) return null;
    if (!known.has(bare)) {
      if (known.size > 5000) known.clear();
      known.set(bare, look(bare));
    }
    return known.get(bare);
  };

  const speakText = (node) => {
    if (node.parentElement?.closest(KEPT)) return;
    const said = say(node.nodeValue);
    if (said !== null && said !== node.nodeValue) node.nodeValue = said;
  };

  const speakElement = (element) => {
    if (element.closest(KEPT)) return;
    for (const name of ATTRIBUTES) {
      const value = element.getAttribute(name);
      const said = value && say(value);
      if (said && said !== value) element.setAttribute(name, said);
    }
  };

  const speak = (root) => {
    if (root.nodeType === Node.TEXT_NODE) return speakText(root);
    if (root.nodeType !== Node.ELEMENT_NODE) return;
    speakElement(root);
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      if (walker.currentNode.nodeType === Node.TEXT_NODE) speakText(walker.currentNode);
      else speakElement(walker.currentNode);
    }
  };

  const watch = new MutationObserver((changes) => {
    if (!spoken()) return;
    for (const change of changes) {
      if (change.type === "childList") change.addedNodes.forEach(speak);
      else if (change.type === "attributes") speakElement(change.target);
      else speakText(change.target);
    }
  });

  // React compares the page with its own idea of it once, in pieces; only when all of it is done may words change. Its first
  // effect, which Reflex uses to publish its libraries, runs after that.
  const taken = () => window.__reflex !== undefined;

  const begin = () => {
    if (spoken()) {
      page.lang = language;
      speak(document.body);
      document.title = say(document.title) || document.title;
    }
    watch.observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES });
  };

  fetch(CATALOGUES[language])
    .then((answer) => answer.json())
    .then((words) => {
      load(words);
      const wait = () => (taken() ? begin() : setTimeout(wait, 30));
      wait();
    })
    .catch(() => console.warn("The catalogue could not be loaded; the page stays in English."));
})();
