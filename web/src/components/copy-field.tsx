import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { copyText } from '../lib/copy';
import { text } from '../lib/text';
import styles from './copy-field.module.css';

interface CopyFieldProps {
  /** What is shown and copied. Line breaks are kept. */
  value: string;
  /** Completes "Copy …" for people who do not see what stands beside the button. */
  what: string;
  /** The one address of the page: its button has a word on it. */
  prominent?: boolean;
}

const shownFor = 2000; // milliseconds

/** A line or a few of code with a button that copies them. */
export function CopyField({ value, what, prominent = false }: CopyFieldProps) {
  const [outcome, setOutcome] = useState<'copied' | 'failed' | null>(null);

  useEffect(() => {
    if (!outcome) return;
    const timer = setTimeout(() => setOutcome(null), shownFor);
    return () => clearTimeout(timer);
  }, [outcome]);

  const copy = async () => setOutcome((await copyText(value)) ? 'copied' : 'failed');
  const { copied, copyFailed } = text.address;

  return (
    <div className={prominent ? styles.prominent : styles.field}>
      <pre className={styles.value}>
        <code>{value}</code>
      </pre>
      <button type="button" className={styles.button} onClick={copy}>
        {outcome === 'copied' ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />}
        <span className={prominent ? undefined : 'visually-hidden'}>
          <span aria-hidden="true">{outcome === 'copied' ? copied : text.address.copy}</span>
          <span className="visually-hidden">{text.address.copyWhat(what)}</span>
        </span>
      </button>
      <span role="status" className={outcome === 'failed' ? styles.failed : 'visually-hidden'}>
        {outcome === 'copied' && copied}
        {outcome === 'failed' && copyFailed}
      </span>
    </div>
  );
}
