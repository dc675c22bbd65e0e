import { useState } from 'react';
import { text } from '../lib/text';
import { Button } from './button';
import { Answers, Modal } from './modal';

interface ConfirmProps {
  title: string;
  body: string;
  /** The words of the button that does it. */
  yes: string;
  no?: string;
  danger?: boolean;
  onYes: () => void | Promise<void>;
  onClose: () => void;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ title, body, yes, no, danger = false, onYes, onClose }: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const go = async () => {
    if (busy) return;
    setBusy(true);
    await onYes();
    onClose();
  };
  return (
    <Modal title={title} description={body} onClose={onClose}>
      <Answers>
        <Button data-first="" onClick={onClose}>
          {no ?? text.dialogs.cancel}
        </Button>
        <Button look={danger ? 'danger' : 'primary'} busy={busy} onClick={go}>
          {yes}
        </Button>
      </Answers>
    </Modal>
  );
}
