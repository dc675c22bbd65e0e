import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { Toast } from '../actions/types';
import { text } from '../lib/text';
import { useApp } from './app-context';
import { IconButton } from './button';
import styles from './toasts.module.css';
import { useObservable } from './use-observable';

const shortly = 5000; // milliseconds
const withAction = 10_000;

/** Short messages at the lower left. They stay as long as the pointer or the focus is on them. */
export function Toasts() {
  const app = useApp();
  const toasts = useObservable(app.toasts);
  const [held, hold] = useState(false);
  return (
    <section
      aria-label={text.toasts.label}
      className={styles.toasts}
      onPointerEnter={() => hold(true)}
      onPointerLeave={() => hold(false)}
      onFocus={() => hold(true)}
      onBlur={() => hold(false)}
    >
      <div role="status" className={styles.stack}>
        {toasts.map((toast) => (
          <ToastView key={toast.id} toast={toast} held={held} />
        ))}
      </div>
    </section>
  );
}

function ToastView({ toast, held }: { toast: Toast; held: boolean }) {
  const app = useApp();
  const { id, kind, action } = toast;
  const time = action || kind === 'failed' ? withAction : shortly;
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => app.dismiss(id), time);
    return () => clearTimeout(timer);
  }, [app, id, held, time]);

  const Icon = kind === 'failed' ? CircleAlert : CircleCheck;
  return (
    <div className={styles.toast}>
      <Icon aria-hidden="true" className={kind === 'failed' ? styles.failed : styles.done} />
      <p className={styles.words}>{toast.text}</p>
      {action && (
        <button
          type="button"
          className={styles.action}
          onClick={() => {
            action.run();
            app.dismiss(id);
          }}
        >
          {action.label}
        </button>
      )}
      <IconButton
        small
        label={text.toasts.dismiss}
        icon={X}
        className={styles.close}
        onClick={() => app.dismiss(id)}
      />
    </div>
  );
}
