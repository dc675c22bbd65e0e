import { useState } from 'react';
import type { Dialog } from '../actions/types';
import type { ProblemBody } from '../api/types';
import { text } from '../lib/text';
import { Button } from './button';
import { Complaint } from './complaint';
import { Answers, Modal } from './modal';

/** Asks before snapshots are deleted, and says what goes with them. */
export function DropSnapshotsDialog({
  dialog,
}: {
  dialog: Extract<Dialog, { kind: 'drop-snapshots' }>;
}) {
  const { snapshots } = dialog;
  const [problem, setProblem] = useState<ProblemBody | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const words = text.snapshots;
  const [first] = snapshots;

  const go = async () => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    setProblem(await dialog.submit());
    setBusy(false);
  };

  return (
    <Modal
      title={
        snapshots.length === 1 && first ? words.dropOne(first.name) : words.drop(snapshots.length)
      }
      description={words.dropBody(snapshots.length)}
      onClose={dialog.cancel}
    >
      <Complaint problem={problem} />
      <Answers>
        <Button data-first="" onClick={dialog.cancel}>
          {text.dialogs.cancel}
        </Button>
        <Button look="danger" busy={busy} onClick={go}>
          {words.dropYes(snapshots.length)}
        </Button>
      </Answers>
    </Modal>
  );
}
