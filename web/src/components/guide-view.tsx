import { BookOpen, CircleCheck, Info } from 'lucide-react';
import type { Guide, Method } from '../lib/guides';
import { text } from '../lib/text';
import { CopyField } from './copy-field';
import styles from './guide-view.module.css';

/** The ways to connect one kind of system. */
export function GuideView({ guide }: { guide: Guide }) {
  return (
    <div className={styles.guide}>
      {guide.methods.map((method) => (
        <MethodView key={method.title} method={method} />
      ))}
    </div>
  );
}

function MethodView({ method }: { method: Method }) {
  return (
    <section className={styles.method}>
      <div className={styles.head}>
        <h3 className={styles.title}>{method.title}</h3>
        <p className={method.ran ? styles.ran : styles.unrun}>
          {method.ran ? <CircleCheck aria-hidden="true" /> : <BookOpen aria-hidden="true" />}
          {method.ran ? text.connect.ran : text.connect.fromDocumentation}
        </p>
      </div>
      <ol className={styles.steps}>
        {method.steps.map((step) => (
          <li key={step.say}>
            <p>{step.say}</p>
            {step.code && <CopyField value={step.code} what={step.code} />}
          </li>
        ))}
      </ol>
      {method.notes.map((note) => (
        <p key={note} className={styles.note}>
          <Info aria-hidden="true" />
          <span>{note}</span>
        </p>
      ))}
    </section>
  );
}
