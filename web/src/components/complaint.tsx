import { CircleAlert } from 'lucide-react';
import type { ProblemBody } from '../api/types';
import styles from './complaint.module.css';

/** What went wrong and what to do, in the words of the server. Always there, so that it is read out. */
export function Complaint({ problem }: { problem: ProblemBody | string | undefined }) {
  const { title, detail } =
    typeof problem === 'string' ? { title: problem, detail: undefined } : (problem ?? {});
  return (
    <div role="alert" className={title ? styles.complaint : styles.none}>
      {title && (
        <>
          <CircleAlert aria-hidden="true" />
          <p>
            <strong>{title}</strong>
            {detail && <span>{detail}</span>}
          </p>
        </>
      )}
    </div>
  );
}
