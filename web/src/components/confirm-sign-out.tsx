import { useState } from 'react';
import { text } from '../lib/text';
import type { Uploads } from '../upload/types';
import { useApp } from './app-context';
import { Confirm } from './confirm';

/** Whether files are on their way, which end when the person signs out. */
export function signOutStops(uploads: Uploads): boolean {
  const { totals, reading } = uploads.snapshot();
  return totals.open > 0 || reading !== undefined;
}

/** Asks before signing out stops uploads. */
export function ConfirmSignOut({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const [open] = useState(() => app.uploads.snapshot().totals.open);
  return (
    <Confirm
      danger
      title={text.me.signOutTitle}
      body={text.me.signOutBody(open)}
      yes={text.me.signOut}
      onYes={() => app.signOut(false)}
      onClose={onClose}
    />
  );
}
