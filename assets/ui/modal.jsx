// A native <dialog> that follows a value: top layer, focus kept inside, Escape, focus returned afterwards.
import { createElement, useEffect, useRef } from "react";

export function Modal({ open, onClose, dismissible = true, children, ...rest }) {
  const ref = useRef(null);

  useEffect(() => {
    const dialog = ref.current;
    if (!dialog) return undefined;
    if (open && !dialog.open) {
      dialog.showModal();
      dialog.querySelector("[data-first-focus]")?.focus();
    }
    if (!open && dialog.open) dialog.close();
    if (!open) return undefined;
    // The page behind must not scroll while something stands before it.
    const before = document.documentElement.style.overflow;
    document.documentElement.style.overflow = "hidden";
    return () => {
      document.documentElement.style.overflow = before;
    };
  }, [open]);

  const leave = (event) => {
    event.preventDefault();
    onClose?.();
  };

  // A browser may close without asking first (two Escapes in a row): the value must learn of it.
  const closed = () => {
    if (open) onClose?.();
  };

  return createElement(
    "dialog",
    {
      ...rest,
      ref,
      onCancel: leave,
      onClose: closed,
      onPointerDown: (event) => {
        if (!dismissible || event.target !== ref.current) return;
        const box = ref.current.getBoundingClientRect();
        const outside = event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
        if (outside) leave(event);
      },
    },
    open ? children : null,
  );
}
