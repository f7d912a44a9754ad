import { useId, useRef } from "react";
import { Button, FieldError, Input, Label, TextField } from "react-aria-components";

import { MemberPicker, SubjectPicker, type Named } from "./choices";
import { EVENT_GROUPS, sayType } from "./eventTypes";
import { EVERYTHING, isEverything, localOf, momentOf, type Filter } from "./filter";

interface Props {
  filter: Filter;
  /** Called with what has changed of it. */
  onChange: (part: Partial<Filter>) => void;
  /** Whom and what the filter names. */
  who: Named | null;
  about: Named | null;
}

/** What of the log is to be shown: what happened, by whom, to what, and when. */
export function Filters({ filter, onChange, who, about }: Props) {
  const first = useRef<HTMLSelectElement>(null);
  const clear = () => {
    onChange(EVERYTHING);
    first.current?.focus();
  };
  const isBackwards = filter.from !== "" && filter.until !== "" && filter.until <= filter.from;
  return (
    <section className="filters" aria-label="Filter">
      <What ref={first} chosen={filter.what} onChoose={(what) => onChange({ what })} />
      <MemberPicker chosen={who} onChoose={(id) => onChange({ who: id })} />
      <SubjectPicker chosen={about} onChoose={(id) => onChange({ about: id })} />
      <Moment label="From" at={filter.from} onChange={(from) => onChange({ from })} />
      <Moment label="Until" at={filter.until} onChange={(until) => onChange({ until })} problem={isBackwards ? "This is not later than “From”." : undefined} />
      <Button isDisabled={isEverything(filter)} onPress={clear}>Clear the filter</Button>
    </section>
  );
}

function What({ ref, chosen, onChoose }: { ref: React.Ref<HTMLSelectElement>; chosen: string; onChoose: (what: string) => void }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>What happened</label>
      <select ref={ref} id={id} value={chosen} onChange={(event) => onChoose(event.target.value)}>
        <option value="">Everything</option>
        {EVENT_GROUPS.map(({ key, name, types }) => (
          <optgroup key={key} label={name}>
            <option value={key}>{`${name}: all`}</option>
            {types.map((type) => <option key={type} value={type}>{sayType(type)}</option>)}
          </optgroup>
        ))}
      </select>
    </div>
  );
}

function Moment({ label, at, onChange, problem }: { label: string; at: string; onChange: (moment: string) => void; problem?: string | undefined }) {
  return (
    <TextField className="field" type="datetime-local" value={localOf(at)} onChange={(local) => onChange(momentOf(local))} isInvalid={problem !== undefined} validationBehavior="aria">
      <Label>{label}</Label>
      <Input />
      <FieldError className="field-problem">{problem}</FieldError>
    </TextField>
  );
}
