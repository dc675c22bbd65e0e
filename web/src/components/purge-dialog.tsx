import { useState } from 'react';
import type { Dialog } from '../actions/types';
import type { ProblemBody } from '../api/types';
import { text } from '../lib/text';
import { Button } from './button';
import { Complaint } from './complaint';
import { formatSize } from './format';
import { Answers, Modal } from './modal';

/** Asks before what lies in the trash goes for good: how much, and that nothing brings it back. */
export function PurgeDialog({ dialog }: { dialog: Extract<Dialog, { kind: 'purge' }> }) {
  const { all, entries, name, file, size } = dialog.what;
  const [problem, setProblem] = useState<ProblemBody | undefined>(undefined);
  const [busy, setBusy] = useState(false);

  const go = async () => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    setProblem(await dialog.submit());
    setBusy(false);
  };

  const words = text.dialogs;
  const title = all
    ? words.purgeAll
    : name === undefined
      ? words.purge(entries)
      : words.purgeOne(name);
  return (
    <Modal
      title={title}
      description={
        file ? words.purgeFileBody(formatSize(size)) : words.purgeBody(entries, formatSize(size))
      }
      onClose={dialog.cancel}
    >
      <Complaint problem={problem} />
      <Answers>
        <Button data-first="" onClick={dialog.cancel}>
          {words.cancel}
        </Button>
        <Button look="danger" busy={busy} onClick={go}>
          {all ? words.purgeAllYes : words.purgeYes}
        </Button>
      </Answers>
    </Modal>
  );
}
