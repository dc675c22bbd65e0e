import { useEffect, useRef, useState } from 'react';
import type { BringBack, BroughtBack, Dialog } from '../actions/types';
import type { Undone } from '../api/types';
import { text } from '../lib/text';
import { actionIcons } from './action-icons';
import styles from './bring-back-dialog.module.css';
import { Button } from './button';
import { Complaint } from './complaint';
import { formatDate } from './format';
import { Answers, Modal } from './modal';

type BringBackState = Extract<Dialog, { kind: 'bring-back' }>;

/** Says what will happen before something becomes what it was, and then what was done. */
export function BringBackDialog({ dialog }: { dialog: BringBackState }) {
  const [{ problem, undone, canUndo }, setResult] = useState<BroughtBack>({});
  const [busy, setBusy] = useState(false);
  const { snapshot, what } = dialog;
  const words = text.snapshots;

  const go = async () => {
    if (busy) return;
    setBusy(true);
    setResult({});
    setResult(await dialog.submit());
    setBusy(false);
  };

  if (undone) {
    return (
      <Modal title={words.done} onClose={dialog.cancel}>
        <Done undone={undone} />
        <DoneAnswers onUndo={canUndo ? dialog.undo : undefined} onClose={dialog.cancel} />
      </Modal>
    );
  }
  const kind = kindOf(what);
  return (
    <Modal
      title={titleOf(what)}
      description={words.backBody(kind, snapshot.name, formatDate(snapshot.created))}
      onClose={dialog.cancel}
    >
      <ul className={styles.points} aria-label={words.backHow}>
        {pointsOf(kind).map((point) => (
          <li key={point}>{point}</li>
        ))}
      </ul>
      <Complaint problem={problem} />
      <p role="status" className={busy ? styles.note : 'visually-hidden'}>
        {busy && words.backWorking}
      </p>
      <Answers>
        <Button data-first="" onClick={dialog.cancel}>
          {text.dialogs.cancel}
        </Button>
        <Button look="primary" icon={actionIcons['bring-back']} busy={busy} onClick={go}>
          {words.backYes}
        </Button>
      </Answers>
    </Modal>
  );
}

type Kind = Parameters<typeof text.snapshots.backBody>[0];

function kindOf({ folder, entries }: BringBack): Kind {
  if (!entries) return folder === '' ? 'all' : 'folder';
  const [only, another] = entries;
  if (!only || another) return 'some';
  return only.folder ? 'folder' : 'file';
}

function titleOf({ folder, entries }: BringBack): string {
  const words = text.snapshots;
  if (!entries) return folder === '' ? words.backAll : words.backOne(folder.split('/').pop() ?? '');
  const [only, another] = entries;
  return only && !another ? words.backOne(only.name) : words.back(entries.length);
}

function pointsOf(kind: Kind): readonly string[] {
  const words = text.snapshots;
  if (kind === 'file') {
    return [words.backFile, words.backFilePlaced, words.backFileTaken, words.backUndo];
  }
  return [
    words.backTrash,
    words.backWritten,
    words.backPlaced,
    ...(kind === 'all' ? [] : [words.backElsewhere]),
    words.backUndo,
  ];
}

function Done({ undone }: { undone: Undone }) {
  const words = text.snapshots;
  const { placed, trashed, written, leftOut, left } = undone;
  const more = leftOut - left.length;
  return (
    <div className={styles.done} role="status">
      {placed + trashed + written + leftOut === 0 && <p>{words.doneNothing}</p>}
      {placed > 0 && <p>{words.donePlaced(placed)}</p>}
      {written > 0 && <p>{words.doneWritten(written)}</p>}
      {trashed > 0 && <p>{words.doneTrashed(trashed)}</p>}
      {leftOut > 0 && (
        <>
          <p>{words.doneLeft(leftOut)}</p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
          <ul className={styles.left} aria-label={words.doneLeftWhich} tabIndex={0}>
            {left.map(({ name, why }, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: names may be there twice; it never changes
              <li key={i}>
                <bdi>{name}</bdi>
                <span>{why}</span>
              </li>
            ))}
            {more > 0 && <li>{words.doneLeftMore(more)}</li>}
          </ul>
        </>
      )}
    </div>
  );
}

/** The dialog is the one that was open: the focus goes on at the answer that does nothing. */
function DoneAnswers({
  onUndo,
  onClose,
}: {
  onUndo?: (() => void) | undefined;
  onClose: () => void;
}) {
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => close.current?.focus(), []);
  return (
    <Answers>
      {onUndo && (
        <Button icon={actionIcons.undo} onClick={onUndo}>
          {text.actions.undo}
        </Button>
      )}
      <Button ref={close} look="primary" onClick={onClose}>
        {text.snapshots.close}
      </Button>
    </Answers>
  );
}
