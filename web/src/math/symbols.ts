// What TeX's commands stand for.

const table = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text
      .trim()
      .split(/\s+/)
      .map((pair) => {
        const at = pair.lastIndexOf('=');
        return [pair.slice(0, at), pair.slice(at + 1)] as const;
      }),
  );

/** Letters, and what is set like one. */
export const letters = table(`
alpha=α beta=β gamma=γ delta=δ epsilon=ϵ varepsilon=ε zeta=ζ eta=η theta=θ vartheta=ϑ iota=ι kappa=κ lambda=λ mu=μ nu=ν xi=ξ omicron=ο pi=π varpi=ϖ
rho=ρ varrho=ϱ sigma=σ varsigma=ς tau=τ upsilon=υ phi=ϕ varphi=φ chi=χ psi=ψ omega=ω Gamma=Γ Delta=Δ Theta=Θ Lambda=Λ Xi=Ξ Pi=Π Sigma=Σ Upsilon=Υ
Phi=Φ Psi=Ψ Omega=Ω hbar=ℏ ell=ℓ Re=ℜ Im=ℑ aleph=ℵ beth=ℶ wp=℘ imath=ı jmath=ȷ infty=∞ emptyset=∅ varnothing=∅ partial=∂ nabla=∇ degree=° angle=∠
top=⊤ bot=⊥ ldots=… dots=… cdots=⋯ vdots=⋮ ddots=⋱ dotsc=… dotsb=⋯ prime=′ checkmark=✓ square=□ Box=□ blacksquare=■ triangle=△ diamond=⋄ star=⋆ S=§ P=¶
complement=∁ Diamond=◊ clubsuit=♣ heartsuit=♡ spadesuit=♠ diamondsuit=♢
`);

/** Operators and relations. */
export const operators = table(`
cdot=⋅ times=× div=÷ pm=± mp=∓ ast=∗ circ=∘ bullet=∙ oplus=⊕ ominus=⊖ otimes=⊗ oslash=⊘ odot=⊙ cup=∪ cap=∩ uplus=⊎ sqcup=⊔ sqcap=⊓ vee=∨ lor=∨
wedge=∧ land=∧ neg=¬ lnot=¬ setminus=∖ wr=≀ amalg=⨿ dagger=† ddagger=‡ le=≤ leq=≤ leqslant=⩽ ge=≥ geq=≥ geqslant=⩾ ne=≠ neq=≠ ll=≪ gg=≫ equiv=≡ sim=∼
simeq=≃ approx=≈ cong=≅ propto=∝ doteq=≐ prec=≺ succ=≻ preceq=⪯ succeq=⪰ in=∈ notin=∉ ni=∋ subset=⊂ supset=⊃ subseteq=⊆ supseteq=⊇ subsetneq=⊊ nsubseteq=⊈
sqsubseteq=⊑ sqsupseteq=⊒ perp=⊥ parallel=∥ mid=∣ nmid=∤ vdash=⊢ dashv=⊣ models=⊨ vDash=⊨ forall=∀ exists=∃ nexists=∄ to=→ rightarrow=→ leftarrow=← gets=←
leftrightarrow=↔ Rightarrow=⇒ Leftarrow=⇐ Leftrightarrow=⇔ implies=⟹ impliedby=⟸ iff=⟺ mapsto=↦ longrightarrow=⟶ longleftarrow=⟵ longmapsto=⟼
Longrightarrow=⟹ Longleftarrow=⟸ Longleftrightarrow=⟺ hookrightarrow=↪ hookleftarrow=↩ uparrow=↑ downarrow=↓ updownarrow=↕ Uparrow=⇑ Downarrow=⇓
nearrow=↗ searrow=↘ swarrow=↙ nwarrow=↖ rightharpoonup=⇀ leftharpoonup=↼ rightleftharpoons=⇌ rightsquigarrow=⇝ therefore=∴ because=∵ colon=: asymp=≍
bowtie=⋈ triangleq=≜ coloneqq=≔ lt=< gt=> vert=| Vert=‖ lvert=| rvert=| lVert=‖ rVert=‖ langle=⟨ rangle=⟩ lfloor=⌊ rfloor=⌋ lceil=⌈ rceil=⌉
lbrace={ rbrace=} lbrack=[ rbrack=] backslash=\\ {={ }=} |=‖ %=% $=$ &=& #=# _=_
`);

/** Large ones, whose limits stand above and below where there is room. */
export const large = table(`
sum=∑ prod=∏ coprod=∐ bigcup=⋃ bigcap=⋂ bigvee=⋁ bigwedge=⋀ bigoplus=⨁ bigotimes=⨂ bigodot=⨀ bigsqcup=⨆ biguplus=⨄
`);

export const integrals = table('int=∫ iint=∬ iiint=∭ oint=∮ oiint=∯');

/** Functions by their names. */
export const functions: ReadonlySet<string> = new Set(
  'sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth log ln lg exp arg deg dim ker hom'.split(' '),
);

/** Those whose limits stand below. */
export const limits: ReadonlyMap<string, string> = new Map(
  'lim max min sup inf det gcd Pr argmax argmin limsup liminf'
    .split(' ')
    .map((name) => [name, name === 'limsup' ? 'lim sup' : name === 'liminf' ? 'lim inf' : name.replace(/^arg(?=m)/, 'arg ')] as const),
);

/** Marks above a letter. */
export const accents = table(`
hat=^ widehat=^ bar=¯ overline=‾ tilde=~ widetilde=~ vec=→ overrightarrow=→ overleftarrow=← dot=˙ ddot=¨ dddot=⃛ acute=´ grave=\` breve=˘ check=ˇ mathring=˚ overbrace=⏞
`);

export const below = table('underline=_ underbrace=⏟');

/** Widths in em. */
export const spaces: ReadonlyMap<string, number> = new Map([
  [',', 0.1667],
  [':', 0.2222],
  ['>', 0.2222],
  [';', 0.2778],
  ['!', -0.1667],
  [' ', 0.25],
  ['~', 0.25],
  ['enspace', 0.5],
  ['quad', 1],
  ['qquad', 2],
  ['thinspace', 0.1667],
]);

type Style = 'bold' | 'double' | 'script' | 'fraktur' | 'sans' | 'mono' | 'normal';

export const styles: ReadonlyMap<string, Style> = new Map([
  ['mathbf', 'bold'],
  ['boldsymbol', 'bold'],
  ['bm', 'bold'],
  ['mathbb', 'double'],
  ['mathcal', 'script'],
  ['mathscr', 'script'],
  ['mathfrak', 'fraktur'],
  ['mathsf', 'sans'],
  ['mathtt', 'mono'],
  ['mathrm', 'normal'],
  ['rm', 'normal'],
]);

// Where Unicode has the capital A, the small a and the zero of an alphabet.
const starts: Readonly<Record<Exclude<Style, 'normal'>, readonly [number, number, number]>> = {
  bold: [0x1d400, 0x1d41a, 0x1d7ce],
  double: [0x1d538, 0x1d552, 0x1d7d8],
  script: [0x1d49c, 0x1d4b6, 0],
  fraktur: [0x1d504, 0x1d51e, 0],
  sans: [0x1d5a0, 0x1d5ba, 0x1d7e2],
  mono: [0x1d670, 0x1d68a, 0x1d7f6],
};

// Letters that were in Unicode before the alphabets were.
const older: Readonly<Record<string, string>> = Object.fromEntries(
  'double:C=ℂ double:H=ℍ double:N=ℕ double:P=ℙ double:Q=ℚ double:R=ℝ double:Z=ℤ script:B=ℬ script:E=ℰ script:F=ℱ script:H=ℋ script:I=ℐ script:L=ℒ script:M=ℳ script:R=ℛ script:e=ℯ script:g=ℊ script:o=ℴ fraktur:C=ℭ fraktur:H=ℌ fraktur:I=ℑ fraktur:R=ℜ fraktur:Z=ℨ'
    .split(' ')
    .map((pair) => pair.split('=') as [string, string]),
);

/** A letter or digit in another alphabet. */
export function styled(text: string, style: Style): string {
  if (style === 'normal') return text;
  const [capital, small, zero] = starts[style];
  return Array.from(text, (letter) => {
    const known = older[`${style}:${letter}`];
    if (known !== undefined) return known;
    const code = letter.charCodeAt(0);
    if (/[A-Z]/.test(letter)) return String.fromCodePoint(capital + code - 65);
    if (/[a-z]/.test(letter)) return String.fromCodePoint(small + code - 97);
    return /\d/.test(letter) && zero > 0 ? String.fromCodePoint(zero + code - 48) : letter;
  }).join('');
}
