// Small behaviours of plain HTML that need no framework: copying, password fields, forms that answer in place,
// menus, and checks on leaving a field. Everything is delegated, so it works for whatever React renders later.
(() => {
  "use strict";

  const say = (text) => {
    const region = document.getElementById("live-region");
    if (region) region.textContent = text;
  };

  // Copy: any element with data-copy, or data-copy-from naming the element whose text is meant.
  const copy = async (button) => {
    const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
    const text = source ? source.textContent : button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without a secure context there is no clipboard API; the old way still works.
      const area = Object.assign(document.createElement("textarea"), { value: text });
      area.style.cssText = "position:fixed;opacity:0";
      (button.closest("dialog") || document.body).append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.dataset.copied = "true";
    say(button.dataset.copiedWord || "Copied");
    setTimeout(() => delete button.dataset.copied, 1600);
  };

  const reveal = (button) => {
    const input = document.getElementById(button.getAttribute("aria-controls"));
    if (!input) return;
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.firstElementChild.textContent = shown ? button.dataset.hideWord : button.dataset.showWord;
    input.focus();
  };

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    const copier = target.closest("[data-copy], [data-copy-from]");
    if (copier) {
      event.preventDefault();
      event.stopPropagation();
      copy(copier);
    }
    const eye = target.closest("[data-reveal]");
    if (eye) reveal(eye);
    const left = target.closest("a[href], [role^=menuitem]");
    const floating = left && left.closest("[popover]:popover-open");
    if (floating && !left.hasAttribute("data-stay")) floating.hidePopover();
  }, true);

  // Row click: the row's own opener does the work, so keyboard and mouse take one path.
  document.addEventListener("click", (event) => {
    const row = event.target.closest?.("tr.can-open");
    if (!row || event.target.closest("a, button, input, label, select, [popover]")) return;
    if (String(getSelection()).trim()) return;
    row.querySelector(".open-row")?.click();
  });

  // Menus: placed beside their button, walked with the arrow keys.
  const opener = (menu) => document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);

  const place = (menu) => {
    const button = opener(menu);
    if (!button) return;
    const box = button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = menu;
    const below = box.bottom + 4 + height <= innerHeight || box.top < height;
    menu.style.top = `${below ? box.bottom + 4 : box.top - 4 - height}px`;
    menu.style.left = `${Math.max(8, Math.min(box.right - width, innerWidth - width - 8))}px`;
  };

  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!(menu instanceof HTMLElement) || !menu.matches(".menu[popover]")) return;
    opener(menu)?.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState !== "open") return;
    place(menu);
    menu.querySelector("[role^=menuitem]")?.focus({ preventScroll: true });
  }, true);

  // A menu stays with its button while the page moves, and goes when the button does.
  const follow = (event) => {
    const menu = document.querySelector(".menu:popover-open");
    if (!menu || menu.contains(event.target)) return;
    const box = opener(menu)?.getBoundingClientRect();
    if (!box || box.bottom < 0 || box.top > innerHeight) menu.hidePopover();
    else place(menu);
  };
  addEventListener("scroll", follow, { capture: true, passive: true });
  addEventListener("resize", follow);

  const walk = (event, items, back, forward) => {
    const at = items.indexOf(document.activeElement);
    const to = { [forward]: at + 1, [back]: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to === undefined || !items.length) return;
    event.preventDefault();
    const next = items[(to + items.length) % items.length];
    next.focus();
    if (next.getAttribute("role") === "tab") next.click();
  };

  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.(".menu");
    if (menu) return walk(event, [...menu.querySelectorAll("[role^=menuitem]")], "ArrowUp", "ArrowDown");
    const tabs = event.target.closest?.("[role=tablist]");
    if (tabs) walk(event, [...tabs.querySelectorAll("[role=tab]")], "ArrowLeft", "ArrowRight");
  });

  // Forms: those that post by themselves (data-native) and those whose fields go to an event handler (data-checked).
  const FORM = "form:is([data-native], [data-checked])";

  // A field is checked when it is left; the server's answer appears in place and keeps what was typed.
  const errorOf = (input) => document.getElementById(`${input.id}-error`);

  const show = (input, text) => {
    const place = errorOf(input);
    if (!place) return false;
    place.textContent = text;
    input.setAttribute("aria-invalid", String(Boolean(text)));
    return true;
  };

  const problem = (input) => {
    const state = input.validity;
    if (state.valid) return "";
    if (state.valueMissing && input.type === "checkbox") return "Tick this to go on.";
    if (state.valueMissing && input.type === "file") return "Choose a file.";
    if (state.valueMissing) return "Fill this in.";
    if (state.typeMismatch && input.type === "email") return "Enter an address like name@example.com.";
    if (state.tooShort) return `Use at least ${input.minLength} characters.`;
    if (state.patternMismatch && input.title) return input.title;
    return input.validationMessage;
  };

  const check = (input) => {
    if (input.value || input.dataset.touched) {
      const text = problem(input);
      // What the server said about this very value stays until it is changed.
      if (text || input.dataset.said !== input.value) show(input, text);
    }
    if (input.value) input.dataset.touched = "true";
  };

  // A message that appears or goes while a button is being pressed would move the button from under the pointer.
  let pressed = false;
  const waiting = new Set();
  const release = () => {
    pressed = false;
    setTimeout(() => {
      waiting.forEach(check);
      waiting.clear();
    }, 50);
  };
  addEventListener("pointerdown", () => (pressed = true), true);
  addEventListener("pointerup", release, true);
  addEventListener("pointercancel", release, true);

  document.addEventListener("focusout", (event) => {
    const input = event.target;
    if (!input.matches?.(`${FORM} .input`)) return;
    if (pressed) waiting.add(input);
    else check(input);
  });

  document.addEventListener("input", (event) => {
    const input = event.target;
    if (input.getAttribute?.("aria-invalid") === "true" && errorOf(input) && input.closest(FORM) && input.validity.valid && input.dataset.said !== input.value) show(input, "");
  });

  const busy = (form, on) => {
    form.toggleAttribute("data-busy", on);
    for (const button of document.querySelectorAll(`form[data-native] button[type=submit]`)) {
      if (button.form !== form) continue;
      button.disabled = on;
      button.setAttribute("aria-busy", String(on));
    }
  };

  // A field's problem comes as what follows its name: "must be an e-mail address".
  const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (/[.?]$/.test(text) ? "" : ".");

  const fail = (form, answer) => {
    const unknown = [];
    let first = null;
    for (const { path, problem: text } of answer.fields || []) {
      const input = form.elements.namedItem(String(path).split(".").pop());
      if (input instanceof HTMLElement && show(input, sentence(text))) {
        input.dataset.said = input.value;
        first ||= input;
      }
      else unknown.push(text);
    }
    const summary = form.querySelector("[data-form-error]");
    const text = first ? unknown.join(" ") : [answer.error, ...unknown].filter(Boolean).join(" ");
    if (summary) {
      summary.querySelector("[data-form-error-text]").textContent = text;
      summary.querySelector("[data-form-error-id]").textContent = answer.request_id && !first ? `Request ${answer.request_id}` : "";
      summary.hidden = !text;
    }
    (first || (text && summary))?.focus();
  };

  const send = async (form, submitter) => {
    const data = new FormData(form, submitter);
    const upload = form.enctype === "multipart/form-data";
    const answer = await fetch(form.action, {
      method: "POST",
      body: upload ? data : new URLSearchParams(data),
      headers: { Accept: "application/json, text/html;q=0.5" },
      credentials: "same-origin",
    });
    if (answer.redirected) return location.assign(answer.url);
    const body = await answer.json().catch(() => ({}));
    if (answer.ok) return body.redirect ? location.assign(body.redirect) : location.reload();
    busy(form, false);
    // A number to quote is for what went wrong here, not for a mistyped password.
    const request_id = answer.status >= 500 ? body.request_id : "";
    fail(form, { error: `The server answered ${answer.status}. Nothing was changed; try again.`, ...body, request_id });
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches(FORM)) return;
    const enhanced = form.dataset.native === "in-place";
    if (form.hasAttribute("data-busy")) return event.preventDefault();
    const wrong = [...form.elements].filter((input) => {
      if (!input.willValidate || !errorOf(input)) return false;
      const text = problem(input);
      show(input, text);
      return text;
    });
    if (wrong.length || !form.checkValidity()) {
      event.preventDefault();
      event.stopPropagation();
      (wrong[0] || form.querySelector(":invalid")).focus();
      if (!wrong.length) form.reportValidity();
      return;
    }
    if (!("native" in form.dataset)) return;
    if (!enhanced) return void setTimeout(() => busy(form, true));
    event.preventDefault();
    busy(form, true);
    send(form, event.submitter).catch(() => {
      busy(form, false);
      fail(form, { error: "The server cannot be reached. What you typed is kept; try again." });
    });
  }, true);

  // Coming back with the browser's button must not find a form still waiting.
  addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[data-busy]").forEach((form) => busy(form, false));
  });

  // A page that is swapped without loading is announced like one that loads.
  let announced = document.title;
  new MutationObserver(() => {
    if (document.title && document.title !== announced) say((announced = document.title));
  }).observe(document.head, { childList: true, subtree: true, characterData: true });

  document.addEventListener("keydown", (event) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k" && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      document.dispatchEvent(new CustomEvent("palette"));
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-palette]")) document.dispatchEvent(new CustomEvent("palette"));
  });
})();
