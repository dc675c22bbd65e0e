import { ContextMenu } from 'radix-ui';
import { type ReactNode, useRef, useState } from 'react';
import type { ActionId, Selection } from '../actions/types';
import { focusHome } from './focus-home';
import { ContextActions, menuClass } from './menu';

type Items = readonly (ActionId | 'line')[];

/** What a menu holds: for the rows that are chosen, and for the space below them. */
export interface MenuItems {
  readonly ofRows: Items;
  readonly ofSpace: Items;
}

interface GridMenuProps {
  selection: Selection;
  items: MenuItems;
  children: ReactNode;
}

/** One menu for all rows and for the space below them, by right click, long press or keyboard. */
export function GridMenu({ selection, items, children }: GridMenuProps) {
  const at = useRef<string | undefined>(undefined);
  const [onRow, setOnRow] = useState(false);
  const locate = (target: EventTarget) => {
    const row = target instanceof Element ? target.closest<HTMLElement>('[data-row]') : null;
    at.current = row?.dataset.row;
  };
  const onOpen = (open: boolean) => {
    if (!open) return;
    const id = at.current;
    setOnRow(id !== undefined);
    if (id === undefined) selection.none();
    else if (!selection.get().ids.has(id)) selection.choose(id, 'only');
  };

  return (
    <ContextMenu.Root modal={false} onOpenChange={onOpen}>
      <ContextMenu.Trigger
        asChild
        onContextMenu={(event) => locate(event.target)}
        onPointerDownCapture={(event) => locate(event.target)}
      >
        {children}
      </ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Content
          className={menuClass}
          collisionPadding={8}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (!document.querySelector('[role$="dialog"]')) focusHome(document.activeElement);
          }}
        >
          <ContextActions ids={onRow ? items.ofRows : items.ofSpace} />
        </ContextMenu.Content>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  );
}

/** Opens the same menu below a button of a row. */
export function openGridMenu(button: HTMLElement): void {
  const { left, bottom } = button.getBoundingClientRect();
  button.dispatchEvent(
    new MouseEvent('contextmenu', {
      bubbles: true,
      cancelable: true,
      clientX: left,
      clientY: bottom,
    }),
  );
}
