import {
  Camera,
  CloudUpload,
  Folder,
  HardDrive,
  LogOut,
  MonitorOff,
  MonitorSmartphone,
  Trash2,
} from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useState } from 'react';
import type { Session } from '../api/types';
import { text } from '../lib/text';
import styles from './account-menu.module.css';
import { useApp } from './app-context';
import { Confirm } from './confirm';
import { ConfirmSignOut, signOutStops } from './confirm-sign-out';
import { formatSize } from './format';
import { Menu, MenuItem, MenuLine } from './menu';
import { useObservable } from './use-observable';

/** Whose files these are, how much room they take, and the way out. */
export function AccountMenu({ session }: { session: Session }) {
  const app = useApp();
  const route = useObservable(app.route);
  const [asking, ask] = useState<'here' | 'everywhere' | undefined>(undefined);
  const { name } = session.user;
  return (
    <>
      <Menu
        align="end"
        trigger={
          <button
            type="button"
            className={styles.trigger}
            aria-label={text.me.menu(name, usageWords(session))}
          >
            <span aria-hidden="true">{initial(name)}</span>
          </button>
        }
      >
        <DropdownMenu.Label className={styles.label}>
          <bdi className={styles.name}>{name}</bdi>
          <Usage session={session} />
        </DropdownMenu.Label>
        <MenuLine />
        {route.view !== 'files' && (
          <MenuItem icon={Folder} href={app.href({ view: 'files', path: '' })}>
            {text.me.files}
          </MenuItem>
        )}
        {route.view !== 'trash' && (
          <MenuItem icon={Trash2} href={app.href({ view: 'trash' })}>
            {text.me.trash}
          </MenuItem>
        )}
        {route.view !== 'snapshots' && (
          <MenuItem icon={Camera} href={app.href({ view: 'snapshots' })}>
            {text.me.snapshots}
          </MenuItem>
        )}
        {route.view !== 'uploads' && (
          <MenuItem icon={CloudUpload} href={app.href({ view: 'uploads' })}>
            {text.me.uploads}
          </MenuItem>
        )}
        {route.view !== 'storage' && (
          <MenuItem icon={HardDrive} href={app.href({ view: 'storage' })}>
            {text.me.storage}
          </MenuItem>
        )}
        {route.view !== 'connect' && (
          <MenuItem icon={MonitorSmartphone} href={app.href({ view: 'connect' })}>
            {text.me.connect}
          </MenuItem>
        )}
        <MenuLine />
        <MenuItem
          icon={LogOut}
          onChoose={() => (signOutStops(app.uploads) ? ask('here') : void app.signOut(false))}
        >
          {text.me.signOut}
        </MenuItem>
        <MenuItem icon={MonitorOff} onChoose={() => ask('everywhere')}>
          {text.me.everywhere}
        </MenuItem>
      </Menu>
      {asking === 'here' && <ConfirmSignOut onClose={() => ask(undefined)} />}
      {asking === 'everywhere' && (
        <Confirm
          title={text.me.everywhereTitle}
          body={text.me.everywhereBody}
          yes={text.me.everywhere}
          onYes={() => app.signOut(true)}
          onClose={() => ask(undefined)}
        />
      )}
    </>
  );
}

function Usage({ session }: { session: Session }) {
  const { used, quota, available } = session.usage;
  const part = quota > 0 ? Math.min(1, used / quota) : undefined;
  return (
    <div className={styles.usage}>
      {part !== undefined && (
        <div aria-hidden="true" className={styles.meter}>
          <div
            className={part > 0.9 ? styles.nearlyFull : styles.filled}
            style={{ width: `${Math.max(part * 100, 1)}%` }}
          />
        </div>
      )}
      <p>
        {usageWords(session)}
        <span>{text.me.free(formatSize(available))}</span>
      </p>
    </div>
  );
}

function usageWords({ usage: { used, quota } }: Session): string {
  return quota > 0
    ? text.me.usedOf(formatSize(used), formatSize(quota))
    : text.me.used(formatSize(used));
}

function initial(name: string): string {
  return (Array.from(name)[0] ?? '?').toLocaleUpperCase();
}
