// Package reading knows what the windows and samples of a record mean.
//
// Scope: from a record to facts: hits by stage, operation, API and second; percentiles with those that were not answered as
// infinite; by how much counters grew, whose statements and look-ups count as the application's, and the rates and the hit
// ratio of that; whether a generator was late and a machine crowded. No verdict, no estimate, and no word for people but why
// a trial is run once more.
//
// Opinion: a figure has one definition. The judge, the cutover, the live page, the Prometheus metrics, windows.csv, the charts
// and, by a function handed in, the run loop all read here: a trial that one of them finds late and another in time, or a hit
// ratio over one service here and over two there, is an error of the instrument. What nobody knows is not a number, and
// enters nothing.
//
// Steps: [Trials] sorts a whole record by its trials; [SecondsOf] cuts one of them into stretches. Who follows a run while it
// lasts adds windows to a [Second] and compares two readings with [Between].
package reading
