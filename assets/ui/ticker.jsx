// Calls its handler every so often while the tab is looked at, and at once when it is looked at again.
import { useEffect, useRef } from "react";

export function Ticker({ every = 3000, onTick }) {
  const latest = useRef(onTick);
  latest.current = onTick;
  useEffect(() => {
    const tick = () => {
      if (!document.hidden) latest.current?.();
    };
    const timer = setInterval(tick, every);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, [every]);
  return null;
}
