import { Mark } from '../components/mark';
import { text } from '../lib/text';
import { Gate } from './gate';
import styles from './gate.module.css';

/** Before it is known who is there. Shows only when that takes a while. */
export function LoadingPage() {
  return (
    <main className={`${styles.page} ${styles.waiting}`}>
      <h1 className="visually-hidden">{text.product}</h1>
      <p role="status" className={styles.mark}>
        <Mark />
        <span className="visually-hidden">{text.page.loading}</span>
      </p>
    </main>
  );
}

export function UnreachablePage() {
  return (
    <Gate title={text.unreachable.title} lead={text.unreachable.body}>
      <p role="status" className="visually-hidden">
        {text.unreachable.title}
      </p>
    </Gate>
  );
}
