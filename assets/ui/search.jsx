// A search field that waits for a pause in typing, and takes over a value from the address while nobody types.
import { createElement, useEffect, useRef, useState } from "react";

export function Search({ value = "", wait = 250, onSearch, ...rest }) {
  const [text, setText] = useState(value);
  const input = useRef(null);
  const timer = useRef(0);

  useEffect(() => {
    if (document.activeElement !== input.current) setText(value);
  }, [value]);

  useEffect(() => () => clearTimeout(timer.current), []);

  const tell = (next, delay) => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onSearch?.(next), delay);
  };

  return createElement("input", {
    ...rest,
    ref: input,
    type: "search",
    className: "input",
    autoComplete: "off",
    spellCheck: false,
    value: text,
    onChange: (event) => tell(event.target.value, wait),
    onKeyDown: (event) => {
      if (event.key === "Enter") tell(text, 0);
    },
  });
}
