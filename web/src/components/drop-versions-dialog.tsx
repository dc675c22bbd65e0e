import { useState } from 'react';
import type { Dialog } from '../actions/types';
import type { ProblemBody } from '../api/types';
import { text } from '../lib/text';
import { Button } from './button';
import { Complaint } from './complaint';
import styles from './drop-versions-dialog.module.css';
import { formatSize } from './format';
import { Answers, Modal } from './modal';
import { useObservable } from './use-observable';

/** Asks which older versions are to go for good, and says how much that is. */
export function DropVersionsDialog({
  dialog,
}: {
  dialog: Extract<Dialog, { kind: 'drop-versions' }>;
}) {
  const choices = useObservable(dialog.choices);
  const [days, choose] = useState(0);
  const [problem, setProblem] = useState<ProblemBody | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const words = text.dialogs;
  const chosen = choices.find((choice) => choice.days === days);

  const go = async () => {
    if (busy || !chosen) return;
    setBusy(true);
    setProblem(undefined);
    setProblem(await dialog.submit(chosen));
    setBusy(false);
  };

  return (
    <Modal title={words.dropVersions} description={words.dropVersionsBody} onClose={dialog.cancel}>
      <Complaint problem={problem} />
      <fieldset className={styles.choices} disabled={busy}>
        <legend className="visually-hidden">{words.dropVersionsWhich}</legend>
        {choices.map(({ days: age, size }) => (
          <label key={age} className={styles.choice}>
            <input type="radio" name="age" checked={age === days} onChange={() => choose(age)} />
            <span className={styles.age}>
              {age === 0 ? words.dropVersionsAll : words.dropVersionsOlder(age)}
            </span>
            <span className={styles.size}>
              {size === undefined
                ? words.dropVersionsLooking
                : size.entries === 0
                  ? words.dropVersionsNone
                  : words.dropVersionsSize(size.entries, formatSize(size.bytes))}
            </span>
          </label>
        ))}
      </fieldset>
      <Answers>
        <Button onClick={dialog.cancel}>{words.cancel}</Button>
        <Button look="danger" busy={busy} disabled={!chosen?.size?.entries} onClick={go}>
          {words.purgeYes}
        </Button>
      </Answers>
    </Modal>
  );
}
