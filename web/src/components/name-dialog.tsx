import { type FormEvent, useRef, useState } from 'react';
import type { Dialog } from '../actions/types';
import type { ProblemBody } from '../api/types';
import { troublesWindows } from '../lib/file-name';
import { text } from '../lib/text';
import { Button } from './button';
import { Field } from './field';
import { extensionOf } from './kind';
import { Answers, Modal } from './modal';

type NameDialogState = Extract<Dialog, { kind: 'new-folder' | 'rename' | 'take-snapshot' }>;

const words = {
  'new-folder': {
    title: text.dialogs.newFolder,
    label: text.dialogs.newFolderName,
    yes: text.dialogs.create,
  },
  rename: { title: text.dialogs.rename, label: text.dialogs.renameName, yes: text.dialogs.rename },
  'take-snapshot': {
    title: text.actions['take-snapshot'],
    label: text.snapshots.name,
    yes: text.snapshots.take,
  },
};

/** Asks for a name: of a new folder or snapshot, or another one for what there is. */
export function NameDialog({ dialog }: { dialog: NameDialogState }) {
  const renames = dialog.kind === 'rename';
  const snapshot = dialog.kind === 'take-snapshot';
  const { title, label, yes } = words[dialog.kind];
  const old = renames ? dialog.entry.name : snapshot ? dialog.proposal : '';
  const selected = useRef(false);
  const [name, setName] = useState(old);
  const [problem, setProblem] = useState<ProblemBody | string | undefined>(undefined);
  const [busy, setBusy] = useState(false);

  // The extension is seldom meant to change.
  const select = (field: HTMLInputElement) => {
    if (selected.current) return;
    selected.current = true;
    const whole = snapshot || (renames && dialog.entry.folder);
    field.setSelectionRange(0, old.length - (whole ? 0 : extensionOf(old).length));
  };

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    if (name.trim() === '') return setProblem(text.dialogs.nameMissing);
    if (renames && name === old) return dialog.cancel();
    setBusy(true);
    setProblem(undefined);
    setProblem(await dialog.submit(name));
    setBusy(false);
  };

  const fault = typeof problem === 'string' ? problem : problem?.title;
  const detail = typeof problem === 'object' ? problem.detail : undefined;
  return (
    <Modal title={title} onClose={dialog.cancel}>
      <form onSubmit={submit} noValidate>
        <Field
          label={label}
          value={name}
          autoComplete="off"
          onFocus={(event) => select(event.target)}
          hint={fault ? undefined : hintFor(name, snapshot)}
          complaint={[fault, detail].filter(Boolean).join(' ') || undefined}
          onChange={(event) => {
            setName(event.target.value);
            setProblem(undefined);
          }}
        />
        <Answers>
          <Button onClick={dialog.cancel}>{text.dialogs.cancel}</Button>
          <Button type="submit" look="primary" busy={busy}>
            {yes}
          </Button>
        </Answers>
      </form>
    </Modal>
  );
}

function hintFor(name: string, snapshot: boolean): string | undefined {
  if (snapshot) return text.snapshots.nameHint;
  return troublesWindows(name) ? text.dialogs.windowsTrouble : undefined;
}
