// The page's signs, drawn on a grid of 24.
const paths = {
  menu: 'M4 7h16M4 12h16M4 17h16',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6L6 18',
  settings: 'M4 8h9M19 8h1M4 16h1M11 16h9M16 5.5v5M8 13.5v5',
  send: 'M12 19V5M5.5 11.5L12 5l6.5 6.5',
  stop: 'M7 7h10v10H7z',
  copy: 'M9 9h10v10H9zM15 5H5v10',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  edit: 'M5 19h3.5L19 8.5 15.5 5 5 15.5zM13 7.5l3.5 3.5',
  again: 'M19 12a7 7 0 1 1-2.2-5.1M19 4v4.5h-4.5',
  on: 'M6 5l11 7-11 7z',
  trash: 'M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12',
  left: 'M14.5 6l-6 6 6 6',
  right: 'M9.5 6l6 6-6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  columns: 'M4 5h7v14H4zM13 5h7v14h-7z',
  chances: 'M5 19V11M10 19V5M15 19v-5M20 19v-9',
  info: 'M12 11v6M12 7.5v.5M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z',
  key: 'M14 10a4 4 0 1 1-1.2-2.8M13.5 11.5L20 18M17 15l2-2',
  keyboard: 'M3 7h18v11H3zM7 11h.5M11 11h.5M15 11h.5M8 15h8',
  upload: 'M12 16V5M7 9.5L12 5l5 4.5M5 19h14',
  download: 'M12 5v11M7 11.5l5 4.5 5-4.5M5 19h14',
  tool: 'M14.5 6.5a4 4 0 0 0-5 5L4 17l3 3 5.500-5.500a4 4 0 0 0 5-5L15 12l-3-3z',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
