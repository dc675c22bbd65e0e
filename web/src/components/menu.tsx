import type { LucideIcon } from 'lucide-react';
import { ContextMenu, DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';
import type { ActionId } from '../actions/types';
import { actionIcons } from './action-icons';
import { useApp } from './app-context';
import styles from './menu.module.css';
import { shortcutLabel } from './shortcut';

// The menus are not modal: a modal one locks scrolling with a <style> element, which the
// Content-Security-Policy refuses.

interface MenuProps {
  /** The button that opens it. */
  trigger: ReactNode;
  align?: 'start' | 'end';
  children: ReactNode;
}

/** A menu that drops from a button. */
export function Menu({ trigger, align = 'start', children }: MenuProps) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className={styles.menu}
          align={align}
          sideOffset={6}
          collisionPadding={8}
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

interface MenuItemProps {
  icon?: LucideIcon | undefined;
  children: ReactNode;
  danger?: boolean | undefined;
  /** An address to go to; else onChoose. */
  href?: string;
  onChoose?: () => void;
}

export function MenuItem({ icon: Icon, children, danger, href, onChoose }: MenuItemProps) {
  const inside = (
    <>
      {Icon && <Icon aria-hidden="true" />}
      <span className={styles.label}>{children}</span>
    </>
  );
  return (
    <DropdownMenu.Item
      className={`${styles.item} ${danger ? styles.danger : ''}`}
      onSelect={() => onChoose?.()}
      asChild={href !== undefined}
    >
      {href === undefined ? inside : <a href={href}>{inside}</a>}
    </DropdownMenu.Item>
  );
}

export function MenuLine() {
  return <DropdownMenu.Separator className={styles.line} />;
}

/** Actions of the registry in a context menu; those that make no sense now are left out. */
export function ContextActions({ ids }: { ids: readonly (ActionId | 'line')[] }) {
  const { actions } = useApp();
  const shown = ids.filter((id) => id === 'line' || actions[id].enabled());
  return shown.map((id, i) => {
    if (id === 'line') {
      const divides = i > 0 && i < shown.length - 1 && shown[i - 1] !== 'line';
      return (
        divides && <ContextMenu.Separator key={`line-${shown[i - 1]}`} className={styles.line} />
      );
    }
    const action = actions[id];
    const Icon = actionIcons[id];
    return (
      <ContextMenu.Item
        key={id}
        className={`${styles.item} ${action.danger ? styles.danger : ''}`}
        onSelect={() => action.run()}
      >
        <Icon aria-hidden="true" />
        <span className={styles.label}>{action.label}</span>
        {action.shortcut && <kbd className={styles.keys}>{shortcutLabel(action.shortcut)}</kbd>}
      </ContextMenu.Item>
    );
  });
}

export const menuClass = styles.menu;
