package reports

import "github.com/rehearse-dev/rehearse/reports/page"

// detailTables are by query and by API, and what of them the record does not have.
func (s *Summary) detailTables() (tables []page.Table, absent string) {
	return nil, "queries and the APIs"
}
