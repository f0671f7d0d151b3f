// The command palette: pages are filtered here at once, what the server finds arrives as `answer`: the text and what was found for it.
import { createElement as h, useEffect, useId, useMemo, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { Modal } from "./modal.jsx";

const matches = (text, words) => words.every((word) => text.includes(word));

export function Palette({ items, answer, onSearch, words }) {
  const [open, setOpen] = useState(false);
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const timer = useRef(0);
  const list = useId();
  const navigate = useNavigate();

  useEffect(() => {
    const flip = () => {
      setOpen((was) => !was);
      setQuery("");
      setAt(0);
    };
    document.addEventListener("palette", flip);
    return () => document.removeEventListener("palette", flip);
  }, []);

  const wanted = query.trim();
  // What was found for another text is old: it would move under the hand that is about to press Enter.
  const isAnswered = Boolean(wanted) && answer?.text === wanted;

  const shown = useMemo(() => {
    const parts = query.toLowerCase().split(/\s+/).filter(Boolean);
    const pages = (items || []).filter((item) => matches(`${item.label} ${item.hint}`.toLowerCase(), parts));
    const found = isAnswered ? answer.found : [];
    return [...pages.map((item) => ({ ...item, group: item.group || words.pages })), ...found];
  }, [items, answer, isAnswered, query, words]);

  const change = (value) => {
    setQuery(value);
    setAt(0);
    clearTimeout(timer.current);
    if (onSearch && value.trim()) timer.current = setTimeout(() => onSearch(value.trim()), 200);
  };

  const go = (item) => {
    if (!item) return;
    setOpen(false);
    if (/^https?:/.test(item.href)) window.location.assign(item.href);
    else navigate(item.href);
  };

  const key = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) {
      event.preventDefault();
      setAt((was) => (was + step + shown.length) % shown.length);
    }
    if (event.key === "Enter") {
      event.preventDefault();
      go(shown[at]);
    }
  };

  useEffect(() => {
    document.getElementById(`${list}-${at}`)?.scrollIntoView({ block: "nearest" });
  }, [at, list]);

  const option = (item, index) => [
    shown[index - 1]?.group !== item.group && h("div", { key: `g${index}`, className: "palette-group", role: "presentation" }, item.group),
    h(
      "div",
      {
        key: index,
        id: `${list}-${index}`,
        role: "option",
        className: "palette-item",
        "aria-selected": index === at,
        onPointerMove: () => setAt(index),
        onClick: () => go(item),
      },
      h("span", { className: "nowrap" }, item.label),
      h("span", { className: "hint" }, item.hint),
    ),
  ];

  return h(
    Modal,
    { open, onClose: () => setOpen(false), className: "dialog palette", "aria-label": words.title },
    h("input", {
      className: "palette-input",
      "data-first-focus": true,
      role: "combobox",
      "aria-label": words.title,
      "aria-expanded": true,
      "aria-controls": list,
      "aria-activedescendant": shown.length ? `${list}-${at}` : undefined,
      "aria-autocomplete": "list",
      autoComplete: "off",
      spellCheck: false,
      maxLength: 128,
      placeholder: words.placeholder,
      value: query,
      onChange: (event) => change(event.target.value),
      onKeyDown: key,
    }),
    h(
      "div",
      { className: "palette-list", id: list, role: "listbox", "aria-label": words.title },
      shown.length ? shown.map(option) : h("p", { className: "palette-none", role: "presentation" }, onSearch && wanted && !isAnswered ? words.looking : words.none),
    ),
  );
}
