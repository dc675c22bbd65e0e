import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { Toast } from '../actions/types';
import { text } from '../lib/text';
import { useApp } from './app-context';
import { IconButton } from './button';
import { focusHome } from './focus-home';
import styles from './toasts.module.css';
import { useObservable } from './use-observable';

const after = 1500; // milliseconds that they stay on once the pointer or the focus has left

/**
 * Short messages at the lower left. The core takes them away after a while; here they stay
 * as long as the pointer or the focus is on them.
 */
export function Toasts() {
  const app = useApp();
  const toasts = useObservable(app.toasts);
  const [kept, keep] = useState<readonly Toast[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const hold = () => {
    clearTimeout(timer.current);
    keep(shown);
  };
  const release = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => keep([]), after);
  };
  const dismiss = (id: number) => {
    keep(kept.filter((toast) => toast.id !== id));
    app.dismiss(id);
    // The button that was pressed goes with its message: nothing else says that the focus left.
    release();
    requestAnimationFrame(() => {
      if (document.activeElement === document.body) focusHome(null);
    });
  };
  const shown = [...kept, ...toasts.filter((toast) => !kept.some(({ id }) => id === toast.id))];

  return (
    <section
      aria-label={text.toasts.label}
      className={styles.toasts}
      onPointerEnter={hold}
      onPointerLeave={release}
      onFocus={hold}
      onBlur={release}
    >
      <div role="status" className={styles.stack}>
        {shown.map((toast) => (
          <ToastView key={toast.id} toast={toast} onDismiss={dismiss} />
        ))}
      </div>
    </section>
  );
}

function ToastView({ toast, onDismiss }: { toast: Toast; onDismiss: (id: number) => void }) {
  const { id, kind, offers = [] } = toast;
  const Icon = kind === 'failed' ? CircleAlert : CircleCheck;
  return (
    <div className={styles.toast} data-toast="">
      <Icon aria-hidden="true" className={kind === 'failed' ? styles.failed : styles.done} />
      <p className={styles.words}>{toast.text}</p>
      {offers.map((offer) => (
        <button
          key={offer.label}
          type="button"
          className={styles.action}
          onClick={() => {
            offer.run();
            onDismiss(id);
          }}
        >
          {offer.label}
        </button>
      ))}
      <IconButton
        small
        label={text.toasts.dismiss}
        icon={X}
        className={styles.close}
        onClick={() => onDismiss(id)}
      />
    </div>
  );
}
