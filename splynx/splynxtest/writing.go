package splynxtest

import "time"

// fill puts the body's attributes into the record. What the resource does not have, or the API cannot set, is ignored.
func (r *row) fill(in input, creating bool) *refusal {
	for i, c := range r.t.columns {
		v, sent := in[c.name]
		if creating && (c.need && !sent || c.star && (v == nil || v == "")) {
			return invalid(c.name, c.title()+" cannot be blank.")
		}
		if !sent || c.fixed {
			continue
		}
		kept, err := c.accept(v)
		if err != nil {
			return invalid(c.name, c.title()+" "+err.Error()+".")
		}
		if c.kind == kindInt && c.null && kept.text == "0" {
			kept.null = true
		}
		r.cells[i] = kept
	}
	return nil
}

// change answers PUT: all attributes or none.
func (s *Server) change(r *row, in input) *refusal {
	changed := row{t: r.t, cells: append([]cell(nil), r.cells...)}
	if bad := changed.fill(in, false); bad != nil {
		return bad
	}
	r.cells = changed.cells
	return nil
}

func (s *Server) changeDocument(r *row, in input) *refusal {
	if bad := s.change(r, in); bad != nil {
		return bad
	}
	r.set("date_updated", s.today())
	return nil
}

func (s *Server) local() time.Time {
	zone := s.opts.Zone
	if zone == nil {
		zone = time.UTC
	}
	return s.Now().In(zone)
}

func (s *Server) today() string { return s.local().Format(time.DateOnly) }

func (s *Server) moment() string { return s.local().Format(time.DateTime) }
