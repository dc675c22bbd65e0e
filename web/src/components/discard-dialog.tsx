import { useState } from 'react';
import type { Dialog } from '../actions/types';
import type { ProblemBody } from '../api/types';
import { text } from '../lib/text';
import { Button } from './button';
import { Complaint } from './complaint';
import { formatSize } from './format';
import { Answers, Modal } from './modal';
import { arrivedOf, nameOf } from './unfinished-words';
import { useObservable } from './use-observable';

/** Asks before what arrived of uploads is thrown away: how much, and that nothing brings it back. */
export function DiscardDialog({
  dialog,
}: {
  dialog: Extract<Dialog, { kind: 'discard-uploads' }>;
}) {
  const { uploads, left } = dialog;
  const gone = useObservable(dialog.gone);
  const [problem, setProblem] = useState<ProblemBody | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const words = text.unfinished;

  const go = async () => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    setProblem(await dialog.submit());
    setBusy(false);
  };

  const n = uploads.length;
  const [first] = uploads;
  const one = n === 1 ? first : undefined;
  const title = !one
    ? words.discardTitle(n)
    : one.path === ''
      ? words.discardPart
      : words.discardOne(nameOf(one));
  const body = [
    words.discardBody(n, formatSize(arrivedOf(uploads))),
    one?.moving && words.discardMoving,
    left > 0 && words.discardLeft(left),
  ];
  return (
    <Modal title={title} description={body.filter(Boolean).join(' ')} onClose={dialog.cancel}>
      <Complaint problem={problem} />
      <p role="status" className="visually-hidden">
        {busy && n > 1 && words.discarding(gone, n)}
      </p>
      <Answers>
        <Button data-first="" onClick={dialog.cancel}>
          {text.dialogs.cancel}
        </Button>
        <Button look="danger" busy={busy} onClick={go}>
          {busy && n > 1 ? words.discarding(gone, n) : words.discardYes}
        </Button>
      </Answers>
    </Modal>
  );
}
